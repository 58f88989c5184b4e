"""The notices that Acme puts on its board.

Source: Acme's API, GET /notices, by number; what was changed or taken down since a time with `since`.
Owner: Acme.
Tables: acme_notices.
Secrets: ACME_NOTICES_TOKEN.
New means: changed at the source since ten minutes before the last run began, by the source's clock.
"""
