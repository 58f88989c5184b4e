"""Routes of alerts: what is wrong with them, and that the server comes to hold them and no more."""

from pathlib import Path

import httpx
import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient
from pydantic import SecretStr

from deployments.alert_blocks import blocks_of
from deployments.apply import execute, plan_for
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
    return AlertSettings.model_validate({**secrets, "webhook_may_be_private": True})


MAIL = {"email_to": "a@example.org", "email_from": "b@example.org", "smtp_host": "mail"}


def test_routes_to_addresses_that_are_not_set_are_off() -> None:
    assert load_alerts(ROUTES_FILE, settings(), schedule(GROUPS)) == Alerts()
    every = {"slack_webhook": SLACK, "discord_webhook": DISCORD, "webhook": WEBHOOK}
    found = load_alerts(ROUTES_FILE, settings(**every), schedule(GROUPS))
    assert [route.to for route in found.routes] == [block.name for block in found.blocks]
    assert len(found.routes) == 3  # mail is not set


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
        ("routes: [{name: a, to: b/c, categories: [netwrk]}]", "routes.0.categories.0"),
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


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.0.0.8", "169.254.169.254", "[::1]"])
def test_an_address_inside_is_refused_unless_it_is_meant(host: str) -> None:
    url = SecretStr(f"http://{host}/hook?" + "key=s3cret")
    with pytest.raises(ConfigError, match="ALERT_WEBHOOK_MAY_BE_PRIVATE=true") as raised:
        blocks_of(AlertSettings(webhook_url=url))
    assert "s3cret" not in str(raised.value)
    (made,) = blocks_of(AlertSettings(webhook_url=url, webhook_may_be_private=True))
    assert made.held["allow_private_urls"] is True


def test_an_address_outside_stays_outside_when_prefect_looks_it_up() -> None:
    (made,) = blocks_of(AlertSettings(webhook_url=SecretStr("https://example.org/hook")))
    assert isinstance(made.block, CustomWebhookNotificationBlock)
    assert made.block.allow_private_urls is False


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email_from": None}, "ALERT_EMAIL_FROM is not set"),
        ({"smtp_host": None}, "ALERT_SMTP_HOST is not set"),
        ({"email_to": "a@example.org, nobody"}, "ALERT_EMAIL_TO: 'nobody' is no address"),
    ],
)
def test_what_mail_lacks_is_named(changed: dict[str, str | None], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        blocks_of(AlertSettings.model_validate(MAIL | changed))


def test_mail_logs_in_and_is_encrypted_unless_told_otherwise() -> None:
    login = {"smtp_user": "bdc", "smtp_password": SecretStr("s3cret"), "smtp_port": 465}
    (made,) = blocks_of(AlertSettings.model_validate(MAIL | login))
    assert (made.name, made.held["security"]) == ("smtp-email/bdc-alerts", "starttls")
    assert made.held["password"] == "s3cret"
    assert "s3cret" not in repr(made.block)


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


@pytest.mark.xdist_group("deployments")
def test_a_route_is_there_once_though_the_answer_to_its_making_was_lost(
    server: Deploying, tmp_path: Path
) -> None:
    text = "routes: [{name: all, to: custom-webhook/bdc-alerts}]"
    wanted = desired(GROUPS, alerts=load(text, tmp_path, webhook=WEBHOOK))
    losses = iter([httpx.ReadError("lost")])

    def lose(answer: httpx.Response) -> None:
        if (answer.request.method, answer.request.url.path) == ("POST", "/api/automations/"):
            for loss in losses:
                raise loss

    hooks = {"event_hooks": {"response": [lose]}}
    with SyncPrefectClient(server.prefect.api_url, httpx_settings=hooks) as client:
        execute(client, plan_for(client, wanted).to_apply, lambda _: None)
    assert len(server.automations("alerts-all")) == 2
    assert server.apply(wanted) == ["remove route alerts-all"]
    assert len(server.automations("alerts-all")) == 1
    assert server.plan(wanted).differs is False
