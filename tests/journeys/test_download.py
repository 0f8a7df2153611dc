"""Files of Foshan's licences through `kuacheng dev`: the city's own bytes, its faults, and 50 MB within a few megabytes of memory."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.foshan.simulator.files import LARGE, content
from adapters.foshan.simulator.licences import BUSINESS_LICENCE, DRIVING_LICENCE, MARRIAGE_CERTIFICATE
from adapters.foshan.simulator.records import Register
from gateway.client import Client, Holder, HolderType, QueryRefused
from tests.journeys.conftest import Up, question
from tests.journeys.test_verify import kuacheng

FOSHAN = "440600"
MOST_GROWTH = 10_000_000
CODES = dict(
    zip(
        ("business-licence", "driving-licence", "marriage-certificate"),
        (BUSINESS_LICENCE, DRIVING_LICENCE, MARRIAGE_CERTIFICATE),
        strict=True,
    )
)


def samples(up: Up, outcome: str = "ISSUED") -> list[dict[str, Any]]:
    return [
        each for each in up.said["samples"] if each["region"] == FOSHAN and each["type"] in CODES and each["outcome"] == outcome
    ]


def client(up: Up, sample: dict[str, Any]) -> Client:
    return Client(up.said["gateway"], up.identity(sample["client"]), server_name=up.said["server_name"], attempts=1)


async def test_the_citys_own_bytes_arrive(up: Up, tmp_path: Path) -> None:
    register = Register()
    assert {each["type"] for each in samples(up)} == CODES.keys()
    for sample in samples(up):
        (licence,) = register.licences(CODES[sample["type"]], sample["holder"]["id_number"])
        async with client(up, sample) as asking:
            for kind in ("OFD", "PNG"):
                to = tmp_path / f"{sample['type']}.{kind}"
                async with asking.download(**question(sample), format=kind) as download:
                    await download.save(to)
                assert written(to) == content(licence, kind.lower(), register.seed)


@pytest.mark.parametrize(
    ("fault", "operation", "reason"),
    [
        ("wrong_digest", "queryCertInfoByHolderCode", "CITY_ANSWER_INVALID"),
        ("truncated", "downloadFile", "CITY_ANSWER_INVALID"),
        ("reset", "downloadFile", "CITY_ANSWER_INVALID"),
        ("garbage", "downloadFile", "CITY_ANSWER_INVALID"),
        ("huge", "downloadFile", "CITY_ANSWER_INVALID"),
        ("unknown_status", "downloadFile", "CITY_ANSWER_INVALID"),
        ("expired_token", "downloadFile", "CITY_REFUSED"),
        ("status_500", "downloadFile", "CITY_UNAVAILABLE"),
        ("hang", "downloadFile", "CITY_TIMEOUT"),
    ],
)
async def test_a_city_that_fails_gives_no_file(up: Up, tmp_path: Path, fault: str, operation: str, reason: str) -> None:
    sample, city = samples(up)[0], up.city(FOSHAN)
    await city.break_("f1", fault, 1, operation=operation)
    try:
        async with client(up, sample) as asking:
            with pytest.raises(QueryRefused) as told:
                async with asking.download(
                    **question(sample), format="OFD", deadline=1.5 if fault == "hang" else 20.0
                ) as download:
                    await download.save(tmp_path / "paper.ofd")
        assert told.value.reason == reason
        assert not left_in(tmp_path)
    finally:
        await city.mend()


async def test_a_large_file_takes_little_memory(up: Up) -> None:
    company = Register().companies[2]
    sample = next(each for each in samples(up) if each["type"] == "business-licence")
    asked = {**question(sample), "holder": Holder(HolderType.ORGANISATION, "001", company.code, company.name)}
    gateway = serving(up)
    async with client(up, sample) as asking:
        async with asking.download(**asked, format="OFD") as download:
            assert sum([len(each) async for each in download])
        (gateway / "clear_refs").write_text("5")
        before, size = memory(gateway, "VmRSS"), 0
        async with asking.download(**asked, format="PNG") as download:
            async for chunk in download:
                size += len(chunk)
    assert size == LARGE
    assert memory(gateway, "VmHWM") - before < MOST_GROWTH


def written(path: Path) -> bytes:
    return path.read_bytes()


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def serving(up: Up) -> Path:
    """The gateway's process under /proc."""
    for found in Path("/proc").glob("[0-9]*"):
        try:
            words = (found / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in words and up.said["config"].encode() in words:
            return found
    raise AssertionError("no gateway runs")


def memory(process: Path, name: str) -> int:
    """Bytes. VmHWM is the most since clear_refs was told 5."""
    (kilobytes,) = re.findall(rf"^{name}:\s+([0-9]+) kB$", (process / "status").read_text(), re.MULTILINE)
    return int(kilobytes) * 1024


def test_the_command_makes_the_file_and_its_output_is_a_receipt(up: Up, tmp_path: Path) -> None:
    dev, to = str(Path(up.said["config"]).parent / "dev.json"), tmp_path / "licence.ofd"
    places = {each["type"]: place for place, each in enumerate(up.said["samples"]) if each in samples(up)}
    way = ("--dev", dev, "--sample", str(places["business-licence"]), "--to", str(to), "-o", "json")
    status, said = kuacheng("download", *way)
    told = json.loads(said)
    assert (status, told["outcome"], told["files"][0]["size"]) == (0, "ISSUED", to.stat().st_size)
    (tmp_path / "downloaded.json").write_text(said)
    key = kuacheng("ledger", "key", "-c", up.said["config"])[1].split()[0]
    status, said = kuacheng("receipt", "verify", str(tmp_path / "downloaded.json"), "--key", key)
    assert (status, "question: holds" in said, "answer: holds" in said) == (0, True, True)
    assert kuacheng("download", *way)[0] == 2
