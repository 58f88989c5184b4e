"""The activity of repositories: every commit; of GitHub's, issues, pull requests, reviews, comments.

Source: the repository itself, through git: an `owner/name` on GitHub, any git URL, or a local path;
    for what is on GitHub its API as well.
Owner: data platform.
Tables: github_activity_tracker_repository, _repository_name, _metadata, _language;
    _branch, _commit, _file, _file_change; _issue, _pull_request, _pull_request_detail, _label, _issue_label,
    _issue_assignee, _milestone; _comment, _review, _review_comment; _due;
    people go to services.identity.
Secrets: GITHUB_TOKEN, for private repositories through git; GITHUB_TOKENS, for the API;
    both only ever sent to GitHub.
New means: commits reachable from a branch head that were not reachable from the heads of the last run;
    everything else that was updated since the newest update that is stored.
Exempt: limit-403 — git does not show the text that tells a limit from a refusal
"""
