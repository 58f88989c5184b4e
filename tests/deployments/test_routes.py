"""Routes of alerts: what is wrong with them, and that the server comes to hold them and no more."""

from pathlib import Path

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from pydantic import SecretStr

from deployments.routes import ROUTES_FILE, Alerts, load_alerts
from services.alerts.settings import AlertSettings
from services.errors import ConfigError
from tests.support.deploying import Deploying, desired, schedule, task

SLACK = "https://hooks.slack.com/services/T0/B0/" + "x0x"
DISCORD = "https://discord.com/api/webhooks/12/" + "abc-def"
WEBHOOK = "http://127.0.0.1:9/hook?" + "key=s3cret"
GROUPS = {"papers": [task()]}


def load(text: str, tmp_path: Path, **addresses: str) -> Alerts:
    path = tmp_path / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    return load_alerts(path, settings(**addresses), schedule(GROUPS))


def settings(**addresses: str) -> AlertSettings:
    secrets = {f"{name}_url": SecretStr(url) for name, url in addresses.items()}
    return AlertSettings.model_validate(secrets)


def test_routes_to_addresses_that_are_not_set_are_off() -> None:
    assert load_alerts(ROUTES_FILE, settings(), schedule(GROUPS)) == Alerts()
    every = {"slack_webhook": SLACK, "discord_webhook": DISCORD, "webhook": WEBHOOK}
    found = load_alerts(ROUTES_FILE, settings(**every), schedule(GROUPS))
    assert [route.to for route in found.routes] == [block.name for block in found.blocks]
    assert len(found.routes) == 3


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("slack_webhook", "https://example.org/" + "s3cret"),
        ("discord_webhook", "https://example.org/" + "s3cret"),
        ("webhook", "ftp://example.org/" + "s3cret"),
    ],
)
def test_an_address_of_another_kind_is_refused_without_showing_it(name: str, url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_alerts(ROUTES_FILE, settings(**{name: url}), schedule(GROUPS))
    assert f"ALERT_{name.upper()}_URL" in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("routes: [{name: a, to: b/c, kinds: [faild]}]", "routes.0.kinds.0"),
        ("routes: [{name: a, to: b/c, grups: [x]}]", "routes.0.grups"),
        ("routes: [{name: a, to: nowhere}]", "routes.0.to"),
        ("routes: [{name: A b, to: b/c}]", "routes.0.name"),
        ("routes: [{name: a, to: b/c}, {name: a, to: b/d}]", "two routes are called a"),
        ("routes: [{name: a, to: b/c, groups: [paper]}]", "which the schedule does not have"),
        ("routes: [{name: a, to: b/c, collectors: [x]}]", "which the schedule does not have"),
        ("routes: [", "alerts.yaml"),
        ("- a", "alerts.yaml"),
    ],
)
def test_what_is_wrong_with_a_route_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load(text, tmp_path)
    assert said in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.yaml cannot be read"):
        load_alerts(tmp_path / "nothing.yaml", settings(), schedule(GROUPS))


def test_an_empty_file_is_no_routes(tmp_path: Path) -> None:
    assert load("", tmp_path) == Alerts()


@pytest.mark.xdist_group("deployments")
def test_the_server_comes_to_hold_routes_and_blocks_and_no_more(
    server: Deploying, tmp_path: Path
) -> None:
    text = """\
routes:
  - {name: all, to: custom-webhook/bdc-alerts}
  - {name: papers, to: custom-webhook/bdc-alerts, groups: [papers], kinds: [failed, auth]}
  - {name: pager, to: pager-duty-webhook/night}
"""
    wanted = desired(GROUPS, alerts=load(text, tmp_path, webhook=WEBHOOK))
    first = server.apply(wanted)
    assert first[-3:] == [
        "create block custom-webhook/bdc-alerts",
        "create route all",
        "create route papers",
    ]
    assert server.apply(wanted) == []
    (waiting,) = server.plan(wanted).kept
    assert (waiting.name, "pager-duty-webhook/night" in waiting.why) == ("pager", True)

    moved = desired(GROUPS, alerts=load(text, tmp_path, webhook=f"{WEBHOOK}2"))
    assert server.apply(moved) == ["change block custom-webhook/bdc-alerts"]
    block = CustomWebhookNotificationBlock.load("bdc-alerts")
    assert isinstance(block, CustomWebhookNotificationBlock)
    assert block.secrets.get_secret_value() == {"address": f"{WEBHOOK}2"}

    (papers,) = server.automations("alerts-papers")
    server.prefect.client.pause_automation(papers.id)
    fewer = text.replace("kinds: [failed, auth]", "kinds: [failed]")
    changed = desired(GROUPS, alerts=load(fewer, tmp_path, webhook=f"{WEBHOOK}2"))
    assert server.apply(changed) == ["change route papers"]
    (papers,) = server.automations("alerts-papers")
    assert papers.enabled is False
    assert [kept.name for kept in server.plan(changed).kept] == ["papers", "pager"]

    assert server.prune(desired(GROUPS)) == [
        "remove route alerts-all",
        "remove route alerts-papers",
        "remove block custom-webhook/bdc-alerts",
    ]
    assert server.plan(desired(GROUPS)).differs is False
