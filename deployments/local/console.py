"""What a flow run says on its standard error, which its worker reads."""

import logging
from contextlib import suppress

from prefect.logging.handlers import PrefectConsoleHandler


class LastingConsoleHandler(PrefectConsoleHandler):
    """Prefect's console for a process that may outlive the one that reads it.

    The pipe to a killed worker is broken. Rich, which Prefect's console writes with, then silences
    itself and ends the process: a run at work would crash with its next line. Here it goes on; the
    server gets its lines all the same.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record while anybody reads."""
        with suppress(SystemExit):
            super().emit(record)
