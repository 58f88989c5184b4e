"""Entry of `bdc`: its commands, and what their errors mean for a script."""

import sys
from importlib.metadata import version

from cyclopts import App, CycloptsError

from cli import (
    archive,
    backup,
    collect,
    deploy,
    group,
    identities,
    letters,
    new,
    outbox,
    reference,
    runs,
    schedule,
    schema,
    search,
    slack,
    stack,
    vectors,
    wg21,
)
from cli.doctor import doctor
from cli.output import complaints
from cli.reconcile import reconcile
from cli.reprocess import reprocess
from cli.serve import serve
from cli.status import status
from deployments.secret_blocks import read_secret_block
from services.database import DatabaseError
from services.errors import CollectorError, ConfigError
from services.failures import classify_failure
from services.redaction import redact
from services.secret_sources import read_blocks_with

FAILED = 1
USAGE = 2

app = App(
    name="bdc",
    help="Boost Data Collector: run collectors, and see what they did. To begin with: `bdc doctor`",
    version=version("boost-data-collector"),
)
app.command(stack.up)
app.command(stack.worker)
app.command(stack.cluster)
app.command(serve)
app.command(collect.run, help_flags=[])
app.command(group.run_group)
app.command(collect.list_, name="list")
app.command(runs.app)
app.command(status)
app.command(search.search)
app.command(vectors.app)
app.command(doctor)
app.command(schema.app)
app.command(backup.backup)
app.command(backup.backups)
app.command(backup.restore)
app.command(schedule.app)
app.command(deploy.app)
app.command(letters.app)
app.command(archive.app)
app.command(reprocess)
app.command(identities.app)
app.command(reconcile)
app.command(reference.app)
app.command(wg21.app)
app.command(slack.app)
app.command(slack.listen_app)
app.command(outbox.app)
app.command(new.new)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 failed, 2 not set up or not used right.

    3 is `bdc deploy plan`'s: the server is not what the schedule says.
    """
    read_blocks_with(read_secret_block)
    sys.exit(execute(sys.argv[1:] if arguments is None else arguments))


def execute(arguments: list[str]) -> int:
    """The exit code of one command; what a user can cause is one line, never a traceback."""
    try:
        result = app(arguments, exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        return USAGE
    except ConfigError as error:
        return _complain(error.problems, USAGE)
    except CollectorError as error:
        return _complain([str(error)], FAILED)
    except DatabaseError as error:
        return _complain([f"database ({classify_failure(error)}): {error.orig}"], FAILED)
    except KeyboardInterrupt:
        return _complain(["stopped"], 130)
    return result if isinstance(result, int) else 0


def _complain(lines: list[str], code: int) -> int:
    for line in lines:
        complaints.print(f"bdc: {' '.join(redact(line).split())}", markup=False)
    return code
