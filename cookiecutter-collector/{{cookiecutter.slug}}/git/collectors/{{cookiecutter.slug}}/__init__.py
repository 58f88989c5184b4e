"""{{ cookiecutter.title }}: the references (branches, tags) of a Git repository.

Source: `git ls-remote` of an `owner/name` on GitHub, any git URL, or a local path.
Owner: {{ cookiecutter.owner }}.
Tables: {{ cookiecutter.slug }}_reference.
Secrets: none.
New means: a reference that is not in the table, or stands elsewhere than there; one that the source
    has no more keeps its row, marked.
Exempt: recordings — git makes the repositories of its tests;
    pages-repeated, pages-shuffled — the references are one answer of git, in git's order;
    future-cursor — it has no cursor, every run sees all references;
    missing-field-set-aside, wrong-type-set-aside, unknown-field-ignored,
    nul-character — git itself refuses such references;
    limit-403 — git does not show the text that tells a limit from a refusal;
    token-revoked — the references are public, no token is sent;
    memory-flat — the references are one answer of git.
"""
