"""The papers of WG21, the committee of C++: every revision in every format.

Source: the pages of www.open-std.org/jtc1/sc22/wg21/docs/papers, one a year, written by hand.
Owner: data platform.
Tables: wg21_paper_tracker_mailing, _paper, _listing, _file, _author;
    people go to services.identity, announcements to services.outbox.
Secrets: WG21_PAPER_TRACKER_DISPATCH_TOKEN, only where new papers are announced.
New means: a row, or a link in a row, that was not on its year's page when this was last stored.
Exempt: pages-shuffled — a page is no list in JSON, what its order means is tested with its tables;
    pages-repeated — a page is no list in JSON, rows that are repeated are tested with its tables;
    token-revoked — the site asks for no credentials
"""
