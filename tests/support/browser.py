"""Headless Chromium, spoken to by its own protocol: what a page looks like, not what its source says.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import psutil
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from deployments.local.processes import send
from tests.support.local_stack import ANSWER_SECONDS, poll

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
]
# A busy machine may be late with a pong, and is not gone for that.
PATIENT: dict[str, Any] = {"open_timeout": ANSWER_SECONDS, "ping_interval": None}


class Page:
    """One tab."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)

    def open(self, url: str) -> None:
        """Loaded on return."""
        self.ask("Page.navigate", url=url)
        poll(lambda: self.tell("document.readyState") == "complete", 20, url)

    def look(self, width: int, scheme: Literal["light", "dark"] = "light") -> None:
        """As wide as this, in this colour scheme."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=features)

    def tell(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"]
        assert found.get("subtype") != "error", found
        return found.get("value")

    def press_tab(self) -> None:
        """To the next thing that the keyboard reaches."""
        for kind in ("rawKeyDown", "keyUp"):
            key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
            self.ask("Input.dispatchKeyEvent", type=kind, **key)

    def screenshot(self, path: Path) -> None:
        """The whole page, as PNG."""
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=90))
            if answer.get("id") == number:
                assert "result" in answer, answer
                found: dict[str, Any] = answer["result"]
                return found


@contextmanager
def browsing() -> Iterator[Page]:
    """A tab of a Chromium of its own."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(prefix="bdc-chromium-", ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={home}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": home},
        )
        try:
            with connect(_address(Path(home)), max_size=None, **PATIENT) as connection:
                yield Page(connection)
        finally:
            family = [*psutil.Process(process.pid).children(recursive=True)]
            process.kill()
            process.wait()
            for one in family:
                send(one, signal.SIGKILL)


def _address(home: Path) -> str:
    """Of the tab's protocol; Chromium writes the port that it chose into its folder."""
    file = home / "DevToolsActivePort"
    poll(lambda: file.exists() and file.read_text().count("\n") >= 1, 30, "Chromium")
    port = file.read_text().split()[0]

    def tab() -> str | None:
        address = f"http://127.0.0.1:{port}/json"
        pages = httpx.get(address, timeout=ANSWER_SECONDS, trust_env=False).json()
        return next((one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page"), None)

    return poll(tab, 20, "a tab")
