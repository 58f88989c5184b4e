"""What other collectors have to say outside the database, said once.

Source: the table outbox, which collectors fill in the transactions of their data.
Owner: data platform.
Tables: outbox (of services.outbox).
Secrets: those of the receivers, set with the collectors that speak to them.
New means: a message that its receiver has not taken yet, e.g. because it was off.
Exempt: recordings, same-input-twice, pages-shuffled, pages-repeated, changed-during-run,
    deleted-at-source, future-cursor, missing-field-set-aside, wrong-type-set-aside,
    unknown-field-ignored, nul-character, lone-surrogate, answer-500, answer-502, answer-429,
    limit-403, denied-403, connection-reset, body-shorter-than-said, body-cut-in-chunks,
    body-broken, error-with-200, answer-slow, token-revoked, killed-anywhere, memory-flat,
    dry-run, secrets — its source is a table and what it makes are calls, while the kit compares
    tables: tests of its own refuse, lose, repeat, kill and rehearse these calls
"""
