"""{{ cookiecutter.title }}: the records in the files of a folder.

Source: *.jsonl (an object in each line) and *.csv (with a line of headings) below a folder.
Owner: {{ cookiecutter.owner }}.
Tables: {{ cookiecutter.slug }}_record.
Secrets: none.
New means: a file whose content is not what was stored last; a record that its file has no more keeps
    its row, marked.
Exempt: answer-429, answer-500, answer-502, answer-slow, body-broken,
    body-cut-in-chunks, body-shorter-than-said, connection-reset, denied-403, error-with-200,
    limit-403, pages-repeated, pages-shuffled, token-revoked — files are read from a folder;
    future-cursor — the cursor holds contents, no times.
"""
