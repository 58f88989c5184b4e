"""`bdc serve` as a process: what it needs, what it serves, how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLContext, create_default_context

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from conformance.servers import free_port
from deployments.status.prefect_api import PrefectApi
from tests.cli.conftest import Outcome
from tests.support.local_stack import ANSWER_SECONDS, ROOT, poll

HOST = "127.0.0.1"
Bdc = Callable[..., Outcome]


def test_without_a_database_it_does_not_start(bdc: Bdc) -> None:
    done = bdc("serve")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "make up" in done.err


def test_wrong_settings_are_named_and_start_nothing(bdc: Bdc, database_url: str) -> None:
    wrong = {
        "HEALTH_MIN_WORKERS": "many",
        "HEALTH_PREFECT_TIMEOUT_SECONDS": "0",
        "HEALTH_COLLECTOR_STALE_HOURS": "soon",
    }
    done = bdc("serve", DATABASE_URL=database_url, **wrong)
    assert done.code == 2
    assert [line.split()[1].rstrip(":") for line in done.err.splitlines()] == list(wrong)


def test_it_serves_until_it_is_stopped(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database_url, "BDC_STATUS_PORT": str(port)}
    environment |= {"PREFECT_API_URL": "http://127.0.0.1:1/api", "PYTHONPATH": str(ROOT)}
    environment |= {"PREFECT_UI_URL": "https://prefect.example.org/"}
    serving = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        poll(lambda: answers(f"{address}/health/live"), 30, "the service")
        with httpx.Client(base_url=address, timeout=ANSWER_SECONDS) as client:
            assert client.get("/health/").json()["status"] == "unhealthy"
            assert 'href="https://prefect.example.org"' in client.get("/").text
    finally:
        serving.send_signal(signal.SIGTERM)
        out, _ = serving.communicate(timeout=120)
    assert f"Status page  http://127.0.0.1:{port}/" in out


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "status")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = (
        builder.not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    paths[1].write_bytes(plain)
    return paths


def test_it_speaks_https_with_a_certificate_that_an_authority_of_our_own_vouches_for(
    database_url: str, tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path)
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port)]
    command += ["--certificate", str(certificate), "--key", str(key)]
    address = f"https://{HOST}:{port}"
    serving = subprocess.Popen(command, env=environment, cwd=tmp_path)
    try:
        trusted = create_default_context(cafile=certificate)
        poll(lambda: answers(f"{address}/health/live", trusted), 60, "the service")
        api = PrefectApi(address, auth=None, authority=certificate, timeout_seconds=ANSWER_SECONDS)
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            api.late(datetime.now(UTC))
        api.close()
        stranger = PrefectApi(address, auth=None, timeout_seconds=ANSWER_SECONDS)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.late(datetime.now(UTC))
        stranger.close()
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(120)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--certificate", "c.pem"], "HTTPS needs --certificate and --key"),
        (["--certificate", "c.pem", "--key", "k.pem"], "c.pem cannot be read"),
    ],
)
def test_half_a_certificate_starts_nothing(bdc: Bdc, given: list[str], said: str) -> None:
    done = bdc("serve", *given)
    assert (done.code, said in done.err) == (2, True)


def answers(url: str, verify: SSLContext | bool = True) -> bool:
    try:
        return httpx.get(url, verify=verify, timeout=ANSWER_SECONDS).is_success
    except httpx.ConnectError:
        return False


def test_alerts_and_announcements_need_a_prefect_to_be_told_by(bdc: Bdc, database_url: str) -> None:
    for command in (["serve", "--alerts"], ["deploy", "announce", "v1"]):
        done = bdc(*command, DATABASE_URL=database_url)
        assert (done.code, "PREFECT_API_URL is not set" in done.err) == (2, True), command


def test_an_announcement_that_nobody_takes_is_an_error(bdc: Bdc, database_url: str) -> None:
    done = bdc(
        "deploy", "announce", DATABASE_URL=database_url, PREFECT_API_URL="http://127.0.0.1:1/api"
    )
    assert (done.code, done.err) == (1, "bdc: Prefect's API: ConnectError\n")
