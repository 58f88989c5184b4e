"""Git repositories as a route: `git http-backend`, so that a source of git can fail like any other."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conformance.replay.messages import Answer, Asked

SERVICES = ("/info/refs", "/git-upload-pack", "/HEAD")


@dataclass(frozen=True, slots=True)
class Repositories:
    """The repositories under `root`, each at its own path."""

    root: Path

    def __call__(self, asked: Asked) -> Answer | None:
        """What git answers, where it is asked like a git server."""
        if not asked.path.endswith(SERVICES):
            return None
        done = subprocess.run(
            ["git", "http-backend"],
            input=asked.body,
            env=self._environment(asked),
            capture_output=True,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return Answer(status, {name.lower(): text for name, text in headers.items()}, body)

    def _environment(self, asked: Asked) -> dict[str, str]:
        """As a web server tells it: https://git-scm.com/docs/git-http-backend."""
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "uploadpack.allowFilter",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_CONFIG_KEY_1": "safe.directory",
            "GIT_CONFIG_VALUE_1": "*",
            "GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
            "PATH_INFO": asked.path,
            "QUERY_STRING": urlsplit(asked.target).query,
            "REQUEST_METHOD": asked.method,
            "CONTENT_TYPE": asked.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
        }
