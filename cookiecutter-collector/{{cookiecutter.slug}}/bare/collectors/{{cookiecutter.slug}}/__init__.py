"""{{ cookiecutter.title }}: for now, how often it has run.

Source: none yet.
Owner: {{ cookiecutter.owner }}.
Tables: {{ cookiecutter.slug }}_run_state.
Secrets: none.
New means: every run is new.
Exempt: answer-429, answer-500, answer-502, answer-slow, body-broken,
    body-cut-in-chunks, body-shorter-than-said, connection-reset, denied-403, error-with-200,
    limit-403, pages-repeated, pages-shuffled, token-revoked — there is no source yet;
    changed-during-run, deleted-at-source, missing-field-set-aside, wrong-type-set-aside,
    unknown-field-ignored, nul-character, lone-surrogate, recordings,
    future-cursor — there is no source yet;
    dry-run, killed-anywhere, same-input-twice — every run is counted, that is all it does.
"""
