"""Where it stands what a problem means, what to look at and what to do."""

from deployments.status.verdict import Kind, Problem
from services.health.settings import HealthSettings

# What they mean, and who acts, depends on why the run failed.
BY_CATEGORY: tuple[Kind, ...] = ("failed", "auth")


def runbook(problem: Problem, settings: HealthSettings) -> str:
    """The runbook's section of the category of a failed run, else of the kind."""
    category = problem.run.category if problem.run and problem.kind in BY_CATEGORY else None
    section = f"category-{category}" if category else f"alert-{problem.kind.replace(' ', '-')}"
    return f"{settings.runbook_url}#{section}"
