"""deploy/kubernetes/metrics.conf in a real nginx before real metrics: who has a certificate reads them, and nobody does anything else."""

import io
import os
import ssl
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector

from certs.authority import Authority
from certs.extensions import Profile, Usage
from gateway.clock import SystemClock
from gateway.telemetry.access import AccessLog
from gateway.telemetry.metrics import Metrics
from tests.ports import accepted, free_port
from tests.terminal import ROOT

pytestmark = pytest.mark.needs("nginx")
NAME = "kuacheng-metrics"
NOW = SystemClock().now()
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Metrics CA", NOW, DAY)


@pytest.fixture(scope="module")
def address(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "run").mkdir()
    leaf = authority.issue(
        Profile(uri="spiffe://metrics.test/pod", dns_names=(NAME,), usages=frozenset({Usage.SERVER})), NOW, DAY
    )
    for name, content in {"tls.crt": leaf.certificate, "tls.key": leaf.key, "ca.crt": authority.certificate_pem}.items():
        (folder / name).write_bytes(content)
    server, behind = Metrics(AccessLog(io.StringIO())).serve("127.0.0.1", 0)
    port, text = free_port(), (ROOT / "deploy/kubernetes/metrics.conf").read_text()
    changes = {"listen 9443": f"listen 127.0.0.1:{port}", "127.0.0.1:9464": f"127.0.0.1:{behind}"}
    for before, after in {**changes, "/etc/metrics-tls": str(folder), "/run/metrics": str(folder / "run")}.items():
        assert before in text
        text = text.replace(before, after)
    (folder / "metrics.conf").write_text(text)
    rights = ["-g", "user root;"] if os.geteuid() == 0 else []
    with subprocess.Popen(["nginx", "-e", "stderr", "-c", folder / "metrics.conf", *rights]) as nginx:
        try:
            accepted(port, lambda: nginx.poll() is None)
            yield f"https://127.0.0.1:{port}"
        finally:
            nginx.terminate()
            server.shutdown()
            server.server_close()


def tls(authority: Authority, shown: Authority | None, folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.certificate_pem.decode())
    if shown is not None:
        leaf = shown.issue(Profile(uri="spiffe://metrics.test/prometheus", usages=frozenset({Usage.CLIENT})), NOW, DAY)
        (folder / "own.pem").write_bytes(leaf.certificate + leaf.key)
        context.load_cert_chain(folder / "own.pem")
    return context


async def asked(url: str, context: ssl.SSLContext, method: str = "GET") -> tuple[int, str]:
    async with (
        ClientSession(connector=TCPConnector(ssl=context)) as session,
        session.request(method, url, server_hostname=NAME) as answer,
    ):
        return answer.status, await answer.text()


async def test_a_certificate_of_its_ca_reads_the_metrics_and_nothing_else(
    address: str, authority: Authority, tmp_path: Path
) -> None:
    own = tls(authority, authority, tmp_path)
    status, text = await asked(f"{address}/metrics", own)
    assert (status, "kuacheng_" in text) == (200, True)
    assert (await asked(f"{address}/", own))[0] == 404
    assert (await asked(f"{address}/metrics", own, "POST"))[0] == 403


async def test_without_one_or_with_anothers_nothing_is_shown(address: str, authority: Authority, tmp_path: Path) -> None:
    for shown in (None, Authority.create("Another CA", NOW, DAY)):
        status, text = await asked(f"{address}/metrics", tls(authority, shown, tmp_path))
        assert (status, "kuacheng_" in text) == (400, False)
