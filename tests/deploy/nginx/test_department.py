"""A departmental system whose key lies in a token asks the real gateway."""

import asyncio
import os
import sys

import pytest

from gateway.clock import SystemClock
from gateway.stages.identify import identify
from tests.certs import faulty
from tests.deploy.nginx.following import PAGE, Site
from tests.gateway.client.notary import LOG
from tests.gateway.rpc.house import House, house
from tests.terminal import ROOT, blocks

pytestmark = [pytest.mark.needs("softhsm"), pytest.mark.needs("nginx")]


async def ask(site: Site, gateway: House, **changes: str) -> tuple[int, str]:
    """The program of the page, as it stands but for this gateway and these; its exit status, and all that it said."""
    (text,) = (each.text for each in blocks(PAGE) if each.language == "python")
    for before, after in {"127.0.0.1:8443": gateway.address, "gateway.test": "localhost", **changes}.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    environment = os.environ | site.environment | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", text),
        cwd=site.folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, said.decode()


async def test_the_gateway_knows_a_system_whose_key_lies_in_the_token(site: Site) -> None:
    async with house() as gateway:
        status, said = await ask(site, gateway)
        assert (status, said.splitlines()[0]) == (0, LOG), said
        shown = gateway.shown_by[-1]
        assert shown.leaf.decode() == (site.folder / "issued/window/certificate.pem").read_text()
        assert identify(shown, gateway.world.trust, SystemClock().now()).uri == faulty.SOUND_URI


async def test_a_program_that_fails_ends_all_the_same(site: Site) -> None:
    """grpcio keeps a thread for each channel with a signer, and Python waits for it."""
    async with house() as gateway:
        status, said = await ask(site, gateway, **{"client.checkpoint()": 'client.receipt("nonsense")'})
    assert (status, said.splitlines()[-1].partition(":")[0]) == (1, "gateway.client.failure.QueryRefused")
