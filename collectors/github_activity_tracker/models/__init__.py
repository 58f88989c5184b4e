"""Tables that only this room writes."""

from collectors.github_activity_tracker.models.commits import Branch, Commit, File, FileChange
from collectors.github_activity_tracker.models.conversations import (
    Comment,
    Due,
    Review,
    ReviewComment,
)
from collectors.github_activity_tracker.models.issues import (
    Issue,
    IssueAssignee,
    IssueLabel,
    Label,
    Milestone,
    PullRequest,
    PullRequestDetail,
)
from collectors.github_activity_tracker.models.repositories import (
    Repository,
    RepositoryLanguage,
    RepositoryMetadata,
    RepositoryName,
)

__all__ = [
    "Branch",
    "Comment",
    "Commit",
    "Due",
    "File",
    "FileChange",
    "Issue",
    "IssueAssignee",
    "IssueLabel",
    "Label",
    "Milestone",
    "PullRequest",
    "PullRequestDetail",
    "Repository",
    "RepositoryLanguage",
    "RepositoryMetadata",
    "RepositoryName",
    "Review",
    "ReviewComment",
]
