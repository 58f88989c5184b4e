"""Other people's tools have nothing to say against the image, the compose files and the manifests."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.support.local_stack import ROOT

DOCKER = ROOT / "deployments" / "docker"
KUBERNETES = ROOT / "deployments" / "kubernetes"
MANIFESTS = sorted((KUBERNETES / "manifests").glob("*.yaml"))
PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def tool(name: str, *arguments: str | Path, **environment: str) -> str:
    """What it prints; it must be content."""
    command = [str(Path(sys.executable).with_name(name)), *map(str, arguments)]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_hadolint_has_nothing_against_the_image() -> None:
    assert tool("hadolint", DOCKER / "Dockerfile") == ""


@pytest.mark.parametrize("name", ["compose.yaml", "compose.production.yaml"])
def test_compose_reads_its_files_and_starts_what_they_name(name: str) -> None:
    asked = re.findall(r"\$\{(\w+):\?", (DOCKER / name).read_text(encoding="utf-8"))
    given = dict.fromkeys(asked, "x1")
    printed = tool(
        "docker-compose",
        "-f",
        DOCKER / name,
        "--profile",
        "*",
        "config",
        "--format",
        "json",
        **given,
    )
    services = json.loads(printed)["services"]
    assert set(services) == set(yaml.safe_load((DOCKER / name).read_text())["services"])


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_schemas_take_the_manifests(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        validate(document)


def test_kubernetes_schemas_take_the_job_of_a_flow_run() -> None:
    """As the worker makes it of the pool's template: every placeholder with its default."""
    template = json.loads((KUBERNETES / "base-job-template.json").read_text(encoding="utf-8"))
    properties = template["variables"]["properties"]
    defaults = {name: known.get("default") for name, known in properties.items()}
    defaults |= {"command": shlex.split(defaults["command"]), "env": []}
    validate(filled(template["job_configuration"]["job_manifest"], defaults))


def validate(document: dict[str, Any]) -> None:
    """Unknown fields are errors, and so are values of another type."""
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def filled(tree: Any, values: dict[str, Any]) -> Any:
    """Without what has no value, as Prefect leaves it out."""
    if isinstance(tree, dict):
        inner = {name: filled(below, values) for name, below in tree.items()}
        return {name: below for name, below in inner.items() if below is not None}
    if isinstance(tree, list):
        return [filled(below, values) for below in tree]
    if isinstance(tree, str) and (whole := PLACEHOLDER.fullmatch(tree)):
        return values[whole[1]]
    return (
        PLACEHOLDER.sub(lambda one: str(values[one[1]] or ""), tree)
        if isinstance(tree, str)
        else tree
    )
