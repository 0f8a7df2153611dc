"""Who looked, from start to end: a window of Foshan asks Guangzhou, and the desk that may tell says so, as `kuacheng dev` prints it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client
from tests.journeys.conftest import Up, question

SAMPLE = 0


def usage(up: Up, *options: str) -> subprocess.CompletedProcess[str]:
    file = Path(up.said["config"]).with_name("dev.json")
    command = [sys.executable, "-m", "gateway.cli", "usage", "--dev", str(file), "--sample", str(SAMPLE), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.timeout(400)
async def test_the_desk_tells_and_nobody_else_does(up: Up) -> None:
    sample: dict[str, Any] = up.said["samples"][SAMPLE]
    async with Client(up.said["gateway"], up.identity(sample["client"]), server_name=up.said["server_name"]) as client:
        answer = await client.query(**question(sample))
    told = json.loads(usage(up, "-o", "json").stdout)
    found = next(each for each in told["usages"] if each["exchange_id"] == answer.exchange_id)
    assert (found["outcome"], found["receiver_region"], found["provider_region"]) == ("ISSUED", "440600", sample["region"])
    assert found["receiver_name"].startswith("佛山市人力资源和社会保障局")
    assert sample["purpose"]["matter_name"] in found["action"]
    assert not {sample["holder"]["id_number"], sample["holder"]["name"], sample["purpose"]["operator"]["name"]} & set(
        json.dumps(told, ensure_ascii=False).split('"')
    )
    other = usage(up, "--client", "foshan-window")
    assert (other.returncode, "refused: NO_AGREEMENT" in other.stderr) == (1, True)
    again = json.loads(usage(up, "-o", "json").stdout)
    assert [each["outcome"] for each in again["usages"] if each["act"] == "SEARCH"][-2:] == ["REFUSED", "SEARCHED"]
    assert again["usages"][1]["exchange_id"] == told["exchange_id"]
