"""Whose accounts are whose: what speaks for two accounts being one person's, for people to decide.

Source: the accounts that other collectors have stored (services.identity).
Owner: data platform.
Tables: identity_person, identity_link, identity_match, identity_decision (of services.identity).
Secrets: none.
New means: an account that is new or has another name, login, address or type than when it was last
    examined.
Exempt: recordings, same-input-twice, pages-shuffled, pages-repeated, changed-during-run,
    deleted-at-source, future-cursor, missing-field-set-aside, wrong-type-set-aside,
    unknown-field-ignored, nul-character, lone-surrogate, answer-500, answer-502, answer-429,
    limit-403, denied-403, connection-reset, body-shorter-than-said, body-cut-in-chunks,
    body-broken, error-with-200, answer-slow, token-revoked, killed-anywhere, memory-flat,
    dry-run, secrets — its source is our own tables, which no world can fill before the database
    of a check is there: tests of its own run it twice, in any order, on changes, and rehearse it
"""
