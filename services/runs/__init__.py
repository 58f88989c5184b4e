"""The run ledger: what ran, how far it came, and which records could not be stored."""
