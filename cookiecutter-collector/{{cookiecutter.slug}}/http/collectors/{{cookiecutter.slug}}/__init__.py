"""{{ cookiecutter.title }}: the items of a project, from a JSON API.

Source: /projects/{project}/items below {{ cookiecutter.__env_prefix }}BASE_URL,
    in pages linked by the `Link` header.
Owner: {{ cookiecutter.owner }}.
Tables: {{ cookiecutter.slug }}_item.
Secrets: {{ cookiecutter.__env_prefix }}TOKEN, only where the source asks for one.
New means: an item that the source changed since the newest change stored, less a lookback; one that it
    marks as deleted keeps its row, marked.
"""
