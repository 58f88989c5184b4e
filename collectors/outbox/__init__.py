"""What other collectors have to say outside the database, said once.

Source: the table outbox, which collectors fill in the transactions of their data.
Owner: data platform.
Tables: outbox (of services.outbox).
Secrets: those of the receivers, set with the collectors that speak to them.
New means: a message that its receiver has not taken yet, e.g. because it was off.
"""
