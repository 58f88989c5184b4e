"""What the platform keeps of its own work, thrown away when it is old.

Source: the platform's own tables; what collectors have collected is never touched.
Owner: data platform.
Tables: those of services.runs, .batches, .outbox, .http, .archive and .growth.
Secrets: none.
New means: what has become older than its setting allows.
Exempt: recordings, same-input-twice, pages-shuffled, pages-repeated, changed-during-run,
    deleted-at-source, future-cursor, missing-field-set-aside, wrong-type-set-aside,
    unknown-field-ignored, nul-character, lone-surrogate, answer-500, answer-502, answer-429,
    limit-403, denied-403, connection-reset, body-shorter-than-said, body-cut-in-chunks,
    body-broken, error-with-200, answer-slow, token-revoked, killed-anywhere, memory-flat,
    dry-run, secrets — it has no source, and deletes where the kit looks for what is stored
"""
