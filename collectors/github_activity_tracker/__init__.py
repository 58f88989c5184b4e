"""The activity of Git repositories: for now, every commit of the chosen branches.

Source: the repository itself, through git: an `owner/name` on GitHub, any git URL, or a local path.
Owner: data platform.
Tables: github_activity_tracker_repository, _repository_name, _metadata, _language;
    _branch, _commit, _file, _file_change; _issue, _pull_request, _pull_request_detail, _label, _issue_label,
    _issue_assignee, _milestone; _comment, _review, _review_comment; _due;
    people go to services.identity.
Secrets: GITHUB_TOKEN, only for private repositories and only ever sent to GitHub.
New means: commits reachable from a branch head that were not reachable from the heads of the last run.
Exempt: recordings — git makes the repositories of its tests;
    pages-shuffled, pages-repeated — a pack of commits has no pages;
    changed-during-run — a commit never changes, its name is made of what it holds;
    future-cursor — the cursor holds names of commits, no times;
    limit-403 — git does not show the text that tells a limit from a refusal.
"""
