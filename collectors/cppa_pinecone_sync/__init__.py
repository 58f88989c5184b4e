"""What search finds by meaning, brought to what the tables say: for every collector at once.

Source: the table vector_queue, which is filled in the transactions of the documents.
Owner: data platform.
Tables: vector_entry, vector_index, document_chunk (of services.vectors).
Secrets: PINECONE_API_KEY, PINECONE_PRIVATE_API_KEY, VECTORS_OPENAI_API_KEY, where they are used.
New means: a document that has changed since the index last heard of it.
Exempt: recordings, same-input-twice, pages-shuffled, pages-repeated, changed-during-run,
    deleted-at-source, future-cursor, missing-field-set-aside, wrong-type-set-aside,
    unknown-field-ignored, nul-character, lone-surrogate, answer-500, answer-502, answer-429,
    limit-403, denied-403, connection-reset, body-shorter-than-said, body-cut-in-chunks,
    body-broken, error-with-200, answer-slow, token-revoked, killed-anywhere, memory-flat,
    dry-run, secrets — its source is a table and what it makes is an index, while the kit compares
    tables: tests of its own change, refuse, lose, kill and rehearse, and verify the index itself
"""
