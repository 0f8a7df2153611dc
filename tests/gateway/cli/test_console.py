"""`kuacheng console` as a program: says where it is, serves, and ends when told; what keeps it from starting is said."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from urllib.request import urlopen

from gateway.clock import entropy
from gateway.development.layout import lay_out, write_configuration
from tests.gateway.living import CITIES, NOW

COMMAND = (sys.executable, "-m", "gateway.cli", "console", "-o", "json")


async def begin(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


def get(url: str) -> str:
    with urlopen(url, timeout=60) as answer:  # noqa: S310  our own program
        return str(answer.read().decode())


async def test_it_serves_until_it_is_told_to_end_though_no_gateway_is_there(tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "dev", NOW, entropy)
    write_configuration(layout, CITIES, "127.0.0.1:0", "127.0.0.1:0")
    layout.config.write_text(layout.config.read_text() + "console: {address: 127.0.0.1:0}\n")
    program = await begin("-c", str(layout.config), "--metrics", "http://127.0.0.1:1/metrics")
    assert program.stdout is not None
    said = json.loads(await program.stdout.readline())
    text = await asyncio.to_thread(get, f"{said['console']}/?lang=en")
    assert "its metrics cannot be read: it may be down" in text
    program.send_signal(signal.SIGTERM)
    _, complained = await program.communicate()
    assert program.returncode == 0
    assert {json.loads(line)["message"] for line in complained.splitlines()} == {"the metrics cannot be read"}
    (layout.folder / "revoked.json").write_text("{")
    refused = await begin("-c", str(layout.config), "--metrics", "http://127.0.0.1:1/metrics")
    _, complained = await refused.communicate()
    assert (refused.returncode, b"no deny-list" in complained) == (1, True)
