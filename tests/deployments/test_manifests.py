"""What containers and clusters are told exists: files, commands, variables, secrets, images."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from prefect.settings import Settings

from cli.main import app
from tests.support.local_stack import LocalPrefect

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deployments" / "docker"
KUBERNETES = ROOT / "deployments" / "kubernetes"
COMPOSE = sorted(DOCKER.glob("compose*.yaml"))
MANIFESTS = sorted((KUBERNETES / "manifests").glob("*.yaml"))
VALUES = sorted(KUBERNETES.glob("*.values.yaml"))
PREFECT = str(Path(sys.executable).with_name("prefect"))
ALL = [*COMPOSE, *MANIFESTS, *VALUES]
# Of PostgreSQL's, Redis' and Grafana's images, of our script for the first, and of no program of Prefect's.
FOREIGN = {
    "BDC_COLLECTOR_PASSWORD",
    "BDC_OWNER_PASSWORD",
    "BDC_READER_PASSWORD",
    "GF_ANALYTICS_CHECK_FOR_UPDATES",
    "GF_ANALYTICS_REPORTING_ENABLED",
    "GF_SECURITY_ADMIN_PASSWORD",
    "POSTGRES_PASSWORD",
    "PREFECT_PASSWORD",
    "REDISCLI_AUTH",
}
# prefect-redis reads them with a settings class of its own.
REDIS = re.compile(r"PREFECT_REDIS_MESSAGING_(HOST|PORT|DB|USERNAME|PASSWORD|SSL)")
# Of `bdc serve`, whose test starts it with other ones.
LISTENING = ("--alerts", "--host", "0.0.0.0")  # noqa: S104 - inside a container
SYSTEM = {"PATH", "PYTHONTZPATH", "PYTHONUNBUFFERED", "DO_NOT_TRACK", "PREFECT_HOME"}


def documents(path: Path) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(path.read_text(encoding="utf-8")) if found]


def nodes(tree: Any) -> Iterator[Any]:
    """Every mapping below."""
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    for below in tree if isinstance(tree, list) else ():
        yield from nodes(below)


def containers(path: Path) -> Iterator[dict[str, Any]]:
    """Services of a compose file, containers of pods."""
    for document in documents(path):
        yield from document.get("services", {}).values()
        for node in nodes(document):
            yield from (*node.get("containers", ()), *node.get("initContainers", ()))


def variables(path: Path) -> set[str]:
    """Names of everything that is set."""
    found: set[str] = set()
    for node in (node for document in documents(path) for node in nodes(document)):
        told = node.get("environment", {})
        found |= {told} if isinstance(told, str) else set(told)
        listed = node.get("env", ())
        found |= {one["name"] for one in listed} if isinstance(listed, list) else set()
    return found


def known_variables() -> set[str]:
    of_prefect = set(re.findall(r"PREFECT_\w+", json.dumps(Settings.model_json_schema())))
    ours = set(dotenv_values(ROOT / ".env.example"))
    return ours | of_prefect | FOREIGN | SYSTEM


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_variable_that_is_set_is_one_that_something_reads(path: Path) -> None:
    unknown = variables(path) - known_variables()
    assert {name for name in unknown if not REDIS.fullmatch(name)} == set()


def test_the_image_sets_only_variables_that_something_reads() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    block = re.findall(r"^ENV (.*?[^\\])$", text, re.MULTILINE | re.DOTALL)
    names = {name for line in block for name in re.findall(r"([A-Z_]+)=", line)}
    assert names - known_variables() == set()


def images(path: Path) -> Iterator[str]:
    for node in (node for document in documents(path) for node in nodes(document)):
        if isinstance(node.get("image"), str):
            yield node["image"]
        if "repository" in node:
            yield f"{node['repository']}:{node['prefectTag']}"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_image_has_a_version_and_ours_is_this_one(path: Path) -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    for image in images(path):
        name, _, tag = image.rpartition(":")
        assert re.search(r"\d+\.\d+", tag) or image == "bdc:development", image
        if name in {"bdc", "registry.example.org/bdc"} and tag != "development":
            assert tag == version[1]


def test_prefect_is_of_one_version_everywhere() -> None:
    locked = re.search(
        r"^prefect==(\S+)", (ROOT / "requirements/runtime.lock").read_text(), re.MULTILINE
    )
    worker = documents(KUBERNETES / "prefect-worker.values.yaml")[0]["worker"]["image"]
    assert locked
    assert worker["prefectTag"] == f"{locked[1]}-python3.11-kubernetes"


def test_the_image_is_built_with_the_tool_that_made_the_locks() -> None:
    wanted = re.search(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert wanted
    assert f"uv=={wanted[1]}" in (DOCKER / "Dockerfile").read_text(encoding="utf-8")


def commands(path: Path) -> Iterator[list[str]]:
    """What runs in our own image."""
    for one in containers(path):
        words = one.get("args") or one.get("command") or []
        if words[:1] == ["sh"]:
            yield from (shlex.split(part) for part in words[2].split("&&") if "bdc" in part)
        elif words:
            yield words


def every_command() -> list[list[str]]:
    return [words for path in (*COMPOSE, *MANIFESTS) for words in commands(path)]


def test_every_command_of_ours_exists() -> None:
    ours = [words[1:] for words in every_command() if words[0] == "bdc"]
    assert len(ours) > 8
    for words in ours:
        command, _, rest = app.parse_commands(words)
        assert (bool(command), [word for word in rest if word not in LISTENING]) == (True, []), (
            words
        )


def test_every_command_of_prefects_exists() -> None:
    of_prefect = {tuple(words) for words in every_command() if words[0] == "prefect"}
    assert len(of_prefect) == 5
    for words in sorted(of_prefect):
        given = [word for word in words[1:] if word not in {"--no-prompt", "bdc", "0.0.0.0"}]  # noqa: S104
        verbs = [word for word in given if not word.startswith("--")]
        done = subprocess.run(
            [PREFECT, *verbs, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, words
        options = {word.partition("=")[0] for word in given if word.startswith("--")}
        assert all(option in done.stdout for option in options), words


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_files_that_are_mounted_or_built_from_exist(path: Path) -> None:
    for service in containers(path):
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            named = documents(path)[0]["volumes"]
            assert source in named or (DOCKER / source).exists(), volume
        if "build" in service:
            context = DOCKER / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_services_wait_for_services_that_exist(path: Path) -> None:
    services = documents(path)[0]["services"]
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "test" in services[name]["healthcheck"]
            else:
                assert "command" in services[name]


def test_every_password_is_in_the_example_and_none_has_a_value() -> None:
    text = (DOCKER / "compose.production.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)", text))
    example = (DOCKER / "production.env.example").read_text(encoding="utf-8")
    offered = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert asked == set(offered)
    assert {value for value in offered.values() if value != "bdc:"} == {""}
    assert "deployments/docker/production.env\n" in (ROOT / ".gitignore").read_text()


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_nothing_listens_beyond_this_machine(path: Path) -> None:
    ports = [port for service in containers(path) for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_nothing_in_production_runs_with_more_than_it_needs() -> None:
    every = containers(DOCKER / "compose.production.yaml")
    ours = [one for one in every if one["image"].startswith("bdc:")]
    assert len(ours) > 5
    for service in ours:
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        if service["command"] == ["bdc", "worker"]:
            assert "//collector:" in service["environment"]["DATABASE_URL"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_pods_meet_the_restricted_standard_and_have_limits(path: Path) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    for one in containers(path):
        rights = one["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} == set(one["resources"])
    for pod in (n for d in documents(path) for n in nodes(d) if "containers" in n):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False


def test_secrets_are_those_that_the_page_says_to_make() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    made = set(re.findall(r"create secret generic (\S+)", page))
    text = "".join(path.read_text(encoding="utf-8") for path in (*MANIFESTS, *VALUES))
    text += (KUBERNETES / "base-job-template.json").read_text(encoding="utf-8")
    names = r"(?:secretRef\W+name|secretKeyRef\W+name|existingSecret)\W+([\w-]+)"
    used = set(re.findall(names, text))
    assert used | {"bdc-prefect-database"} == made


def test_policies_speak_of_pods_that_exist() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (*MANIFESTS, *VALUES))
    text += (KUBERNETES / "base-job-template.json").read_text(encoding="utf-8")
    given = set(re.findall(r'bdc/role"?: "?([\w-]+)', text))
    meant = {
        value
        for policy in documents(KUBERNETES / "manifests" / "network-policies.yaml")
        for node in nodes(policy)
        if node.get("key") == "bdc/role"
        for value in node["values"]
    }
    assert meant <= given
    assert given == {"prefect-api", "prefect-services", "worker", "job", "flow-run", "status"}


def test_every_placeholder_of_the_job_template_has_a_value() -> None:
    text = (KUBERNETES / "base-job-template.json").read_text(encoding="utf-8")
    template = json.loads(text)
    asked = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    assert asked == set(template["variables"]["properties"])


@pytest.mark.xdist_group("deployments")
def test_prefect_takes_the_pool_as_code_twice(prefect_api: LocalPrefect) -> None:
    (command,) = (words for words in every_command() if "work-pool" in words)
    named = [word.replace("bdc", "bdc-kubernetes") if word == "bdc" else word for word in command]
    for _ in range(2):
        done = subprocess.run(
            [PREFECT, *named[1:]],
            cwd=ROOT, env=prefect_api.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    pool = prefect_api.client.read_work_pool("bdc-kubernetes")
    image = pool.base_job_template["variables"]["properties"]["image"]["default"]
    assert (pool.type, image) == ("kubernetes", "registry.example.org/bdc:0.1.0")
    prefect_api.client.delete_work_pool("bdc-kubernetes")
