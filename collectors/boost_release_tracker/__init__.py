"""The releases of Boost, seen as soon as they are tagged.

Source: the tags of boostorg/boost, through git; a Release object appears hours or days later, if ever.
Owner: data platform.
Tables: release (of services.releases).
Secrets: none.
New means: a tag boost-X.Y.Z from 1.16.1 on that is not in the table; betas and candidates are none.
Exempt: recordings — git makes the repositories of its tests;
    pages-shuffled, pages-repeated — the tags are one answer of git, in git's order;
    deleted-at-source — a release stays one when its tag is gone;
    future-cursor — it has no cursor, every run sees all tags;
    missing-field-set-aside, wrong-type-set-aside, unknown-field-ignored, nul-character,
    lone-surrogate — a tag is a name and a commit, of another form it is no release;
    limit-403 — git does not show the text that tells a limit from a refusal;
    token-revoked — the tags are public, no token is sent;
    memory-flat — the tags are one answer of git, a few hundred lines.
"""
