"""Questions as people ask them, and the pages of our own documents that answer them."""

JUDGED: dict[str, set[str]] = {
    "how do I stop the same repository being collected by two processes": {
        "lifecycle.md", "adr/0006-lock-and-fence.md", "github_activity_tracker.md"},
    "what happens when the power fails in the middle of a collection": {"lifecycle.md", "README.md"},
    "bad record does not stop the others": {"lifecycle.md", "new-collector.md", "tutorial.md"},
    "try a failed record once more": {"lifecycle.md", "troubleshooting.md", "runbook.md"},
    "run a job every Monday": {"schedule.md"},
    "jobs missed while the machine was off": {"schedule.md", "adr/0008-late-runs-and-occasions.md"},
    "which address answers whether the service is alive": {"status.md"},
    "who gets a message when a collector breaks": {"alerts.md"},
    "send notifications to a chat channel": {"alerts.md"},
    "copy the database somewhere safe": {"backup.md"},
    "put yesterday's data back after a disaster": {"backup.md", "runbook.md"},
    "server answers too many requests, slow down": {"http.md", "adr/0015-shared-quotas.md"},
    "do not download a page that has not changed": {"http.md"},
    "tell another repository about new papers exactly once": {
        "outbox.md", "wg21_paper_tracker.md", "adr/0011-outbox.md"},
    "old rows are thrown away after a while": {"maintenance.md"},
    "add a source of my own": {"new-collector.md", "tutorial.md"},
    "why is PostgreSQL installed from a Python package": {"adr/0007-embedded-postgresql.md"},
    "why are rows copied into a temporary table first": {"adr/0003-writes.md"},
    "commits are read with git and not from the web API": {
        "adr/0005-commits-from-git.md", "github_activity_tracker.md"},
    "install a new version in production": {"upgrade.md", "deploy.md"},
    "containers and pods": {"deploy.md"},
    "simulate failures of the source in tests": {"conformance.md", "adr/0012-conformance-kit.md"},
    "author names of committee documents": {"wg21_paper_tracker.md"},
    "which day is the data of": {"queries.md", "status.md"},
    "a dry run leaves no trace": {"adr/0004-rehearsal.md", "lifecycle.md"},
    "remove deployments that are no longer in the YAML file": {
        "adr/0009-convergent-deployments.md", "schedule.md", "deploy.md"},
    "two servers share the work of the scheduler": {"cluster.md", "deploy.md"},
    "find papers about asynchronous programming": {"search.md", "wg21_paper_tracker.md"},
}  # fmt: skip

# What none of our pages speaks of.
ELSEWHERE: tuple[str, ...] = (
    "recipe for a chocolate cake",
    "who won the football championship",
    "cheap flights to Lisbon in July",
    "how do I prune an apple tree",
    "symptoms of a cold",
    "the capital of Mongolia",
    "learn to play the violin",
    "mortgage rates for a small house",
    "best walking shoes for the Alps",
    "history of the Ottoman empire",
    "my dog does not eat",
    "paint a wooden fence",
)
