"""The activity of Git repositories: for now, every commit of the chosen branches.

Source: the repository itself, through git: an `owner/name` on GitHub, any git URL, or a local path.
Owner: data platform.
Tables: github_activity_tracker_repository, _branch, _commit, _file, _file_change;
    people go to services.identity.
Secrets: GITHUB_TOKEN, only for private repositories and only ever sent to GitHub.
New means: commits reachable from a branch head that were not reachable from the heads of the last run.
"""
