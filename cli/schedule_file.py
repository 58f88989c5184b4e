"""The schedule as the commands that act on it take it: whole and right, or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING

from deployments.generate import render
from deployments.schedule import SCHEDULE_FILE, known_collectors, load_schedule
from services.alerts.settings import AlertSettings
from services.settings import PlatformSettings, load_room_settings

if TYPE_CHECKING:
    from deployments.desired import DesiredState
    from deployments.schedule import Schedule


def schedule_path(settings: PlatformSettings, file: Path | None = None) -> Path:
    """The file asked for, else BDC_SCHEDULE, else the installed one."""
    return file or settings.bdc_schedule or SCHEDULE_FILE


def load_checked(settings: PlatformSettings, file: Path | None = None) -> "Schedule":
    """The schedule, every flow loaded and every task's parameters held against what it takes.

    In development one that would run nothing is a loud warning. Call it when Prefect's home is set.

    Raises:
        ConfigError: with everything that is wrong.
    """
    from deployments.flow_parameters import flow_schemas  # noqa: PLC0415 - Prefect comes with it
    from deployments.validate import validate_prefect_yaml  # noqa: PLC0415

    names = known_collectors()
    path = schedule_path(settings, file)
    schedule = load_schedule(
        path, settings.bdc_environment, collectors=names, schemas=flow_schemas(names)
    )
    validate_prefect_yaml(rendered(settings, schedule))
    return schedule


def load_desired(settings: PlatformSettings, file: Path | None = None) -> "DesiredState":
    """What the server should hold, by the schedule as `load_checked` takes it and the alerts' routes.

    Raises:
        ConfigError: with everything that is wrong.
    """
    from deployments.desired import desired_state  # noqa: PLC0415 - imports Prefect, seconds
    from deployments.routes import ROUTES_FILE, load_alerts  # noqa: PLC0415

    schedule = load_checked(settings, file)
    routes = settings.bdc_alerts or ROUTES_FILE
    return desired_state(
        schedule,
        known_collectors(),
        settings.bdc_work_pool,
        settings.bdc_job_variables,
        load_alerts(routes, load_room_settings(AlertSettings), schedule),
    )


def rendered(settings: PlatformSettings, schedule: "Schedule") -> str:
    """The text of prefect.yaml."""
    return render(schedule, known_collectors(), settings.bdc_work_pool, settings.bdc_job_variables)
