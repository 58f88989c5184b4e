"""People and their accounts on every platform: one profile for each platform and external id."""
