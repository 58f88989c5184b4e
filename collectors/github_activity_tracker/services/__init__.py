"""The only code that writes this room's tables. Never commits, never asks a source."""

from collectors.github_activity_tracker.services.commits import (
    mark_deleted_branches,
    mark_rewritten,
    recognise_commits,
    store_branches,
    store_commits,
)
from collectors.github_activity_tracker.services.comparing import (
    count_commits_here,
    count_made,
    count_pulls,
    followed_heads,
    made_between,
    settled_pulls,
    stored_reviews,
    versions,
)
from collectors.github_activity_tracker.services.conversations import (
    store_comments,
    store_review_comments,
)
from collectors.github_activity_tracker.services.documents import refresh_documents
from collectors.github_activity_tracker.services.dues import (
    DOCUMENT,
    REVIEWS,
    due_numbers,
    note_due,
    settle_due,
)
from collectors.github_activity_tracker.services.exports import MARKDOWN, read_pages
from collectors.github_activity_tracker.services.issues import Stored, store_issues
from collectors.github_activity_tracker.services.repositories import (
    Known,
    RepositoryFacts,
    find_repository,
    identify_repository,
    store_languages,
    store_metadata,
    store_repository,
)
from collectors.github_activity_tracker.services.reviews import (
    pull_updates,
    store_pull_details,
)
from collectors.github_activity_tracker.services.vanished import (
    Span,
    Version,
    find_gone_reviews,
    find_unlisted,
    find_versions,
    mark_comments_deleted,
    mark_issues_gone,
    mark_review_comments_deleted,
)

__all__ = [
    "DOCUMENT",
    "MARKDOWN",
    "REVIEWS",
    "Known",
    "RepositoryFacts",
    "Span",
    "Stored",
    "Version",
    "count_commits_here",
    "count_made",
    "count_pulls",
    "due_numbers",
    "find_gone_reviews",
    "find_repository",
    "find_unlisted",
    "find_versions",
    "followed_heads",
    "identify_repository",
    "made_between",
    "mark_comments_deleted",
    "mark_deleted_branches",
    "mark_issues_gone",
    "mark_review_comments_deleted",
    "mark_rewritten",
    "note_due",
    "pull_updates",
    "read_pages",
    "recognise_commits",
    "refresh_documents",
    "settle_due",
    "settled_pulls",
    "store_branches",
    "store_comments",
    "store_commits",
    "store_issues",
    "store_languages",
    "store_metadata",
    "store_pull_details",
    "store_repository",
    "store_review_comments",
    "stored_reviews",
    "versions",
]
