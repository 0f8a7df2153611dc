"""Files of both cities' licences through `kuacheng dev`: the city's own bytes, its faults, and 50 MB within a few megabytes of memory."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.foshan.simulator import files
from adapters.foshan.simulator import records as foshan
from adapters.guangzhou.simulator import archive
from adapters.guangzhou.simulator.licences import NAMES
from adapters.guangzhou.simulator.records import Records
from gateway.client import Client, Holder, HolderType, QueryRefused
from tests.journeys.canonical import CODES, E_LICENCES
from tests.journeys.conftest import Up, question
from tests.journeys.leaks import logged
from tests.journeys.test_verify import kuacheng
from tests.journeys.unhurried import SHORT_DEADLINE

ITEMS = {code: item for item, (_, code) in NAMES.items()}
"""Guangzhou's license_item_code by type code."""
GUANGZHOU, FOSHAN = "440100", "440600"
MOST_GROWTH = 10_000_000
FORMATS = {GUANGZHOU: ("OFD", "PDF"), FOSHAN: ("OFD", "PNG")}


def samples(up: Up, region: str) -> list[dict[str, Any]]:
    """One of each e-licence that is held."""
    return [
        each
        for each in up.said["samples"]
        if (each["region"], each["outcome"]) == (region, "ISSUED") and each["type"] in E_LICENCES
    ]


def business(up: Up, region: str) -> dict[str, Any]:
    return next(each for each in samples(up, region) if each["type"] == "business-licence")


def own(region: str, sample: dict[str, Any], kind: str) -> bytes:
    """The file as the city has it."""
    number = sample["holder"]["id_number"]
    if region == FOSHAN:
        (licence,) = foshan.Register().licences(CODES[sample["type"]][0], number)
        return files.content(licence, kind.lower())
    (held,) = Records.of().licences(number, ITEMS[CODES[sample["type"]][0]])
    return archive.content(held, kind.lower())


def client(up: Up, sample: dict[str, Any]) -> Client:
    return Client(up.said["gateway"], up.identity(sample["client"]), server_name=up.said["server_name"], attempts=1)


@pytest.mark.parametrize("region", FORMATS)
async def test_the_citys_own_bytes_arrive(up: Up, tmp_path: Path, region: str) -> None:
    assert {each["type"] for each in samples(up, region)} == set(E_LICENCES)
    for sample in samples(up, region):
        async with client(up, sample) as asking:
            for kind in FORMATS[region]:
                to = tmp_path / f"{sample['type']}.{kind}"
                async with asking.download(**question(sample), format=kind) as download:
                    await download.save(to)
                assert written(to) == own(region, sample, kind)


RECORD = {GUANGZHOU: "get_license", FOSHAN: "queryCertInfoByHolderCode"}
FILE = {GUANGZHOU: "archive", FOSHAN: "downloadFile"}
BYTES = {
    "truncated": "CITY_ANSWER_INVALID",
    "reset": "CITY_ANSWER_INVALID",
    "garbage": "CITY_ANSWER_INVALID",
    "empty": "CITY_ANSWER_INVALID",
    "not_object": "CITY_ANSWER_INVALID",
    "huge": "CITY_ANSWER_INVALID",
    "wrong_type": "CITY_ANSWER_INVALID",
    "unknown_status": "CITY_ANSWER_INVALID",
    "status_500": "CITY_UNAVAILABLE",
    "hang": "CITY_TIMEOUT",
}
FAULTS = [
    *((region, name, FILE[region], reason) for region in FORMATS for name, reason in BYTES.items()),
    (FOSHAN, "wrong_digest", RECORD[FOSHAN], "CITY_ANSWER_INVALID"),
    (FOSHAN, "expired_token", FILE[FOSHAN], "CITY_REFUSED"),
    (FOSHAN, "expired_token", RECORD[FOSHAN], "CITY_REFUSED"),
    (GUANGZHOU, "other_file", FILE[GUANGZHOU], "CITY_ANSWER_INVALID"),
    (GUANGZHOU, "expired_token", FILE[GUANGZHOU], "CITY_REFUSED"),
    (GUANGZHOU, "busy", FILE[GUANGZHOU], "CITY_UNAVAILABLE"),
    (GUANGZHOU, "missing_field", RECORD[GUANGZHOU], "CITY_ANSWER_INVALID"),
    (GUANGZHOU, "other_holder", RECORD[GUANGZHOU], "CITY_ANSWER_INVALID"),
]
LATE = {"wrong_digest", "other_file"}
"""What is found only when the file leaves, after its outcome. Of Foshan, who says the digest, it is whatever befalls the file."""


@pytest.mark.parametrize("case", FAULTS, ids="-".join)
async def test_a_city_that_fails_gives_no_file(up: Up, tmp_path: Path, case: tuple[str, str, str, str]) -> None:
    region, fault, operation, reason = case
    sample, city = business(up, region), up.city(region)
    await city.break_("g1" if region == GUANGZHOU else "f1", fault, -1, operation=operation)
    try:
        async with client(up, sample) as asking:
            with pytest.raises(QueryRefused) as told:
                async with asking.download(
                    **question(sample), format="OFD", deadline=SHORT_DEADLINE if fault == "hang" else 20.0
                ) as download:
                    await download.save(tmp_path / "paper.ofd")
        assert (told.value.reason, told.value.blame) == (reason, "COUNTERPARTY")
        assert not left_in(tmp_path)
    finally:
        await city.mend()
    intent, outcome = logged(up, told.value.told.exchange_id)
    assert intent.entry.facts["act"] == "DOWNLOAD"
    left = fault in LATE or (region == FOSHAN and operation == FILE[FOSHAN])
    assert outcome.entry.facts["result"] == ("ISSUED" if left else "REFUSED")


async def test_tokens_that_end_in_the_midst_are_renewed(up: Up, tmp_path: Path) -> None:
    sample, city = business(up, GUANGZHOU), up.city(GUANGZHOU)
    for operation in ("auth", "get_license", "archive"):
        await city.break_("g1", "expired_token", 1, operation=operation)
        async with client(up, sample) as asking, asking.download(**question(sample), format="PDF") as download:
            await download.save(tmp_path / operation)
        assert written(tmp_path / operation) == own(GUANGZHOU, sample, "PDF")


async def test_a_large_file_takes_little_memory_weighed_and_delivered(up: Up) -> None:
    company, sample = Records.of().register.companies[2], business(up, GUANGZHOU)
    asked = {**question(sample), "holder": Holder(HolderType.ORGANISATION, "001", company.code, company.name)}
    gateway = serving(up)
    async with client(up, sample) as asking:
        async with asking.download(**asked, format="OFD") as download:
            assert sum([len(each) async for each in download])
        (gateway / "clear_refs").write_text("5")
        before, size = memory(gateway, "VmRSS"), 0
        async with asking.download(**asked, format="PDF") as download:
            async for chunk in download:
                size += len(chunk)
    assert size == archive.LARGE
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
    dev, to = str(Path(up.said["config"]).parent / "dev.json"), tmp_path / "licence.pdf"
    place = str(up.said["samples"].index(business(up, GUANGZHOU)))
    way = ("--dev", dev, "--sample", place, "--format", "PDF", "--to", str(to), "-o", "json")
    status, said = kuacheng("download", *way)
    told = json.loads(said)
    assert (status, told["outcome"]) == (0, "ISSUED")
    assert (told["files"][0]["format"], told["files"][0]["size"]) == ("PDF", to.stat().st_size)
    (tmp_path / "downloaded.json").write_text(said)
    key = kuacheng("ledger", "key", "-c", up.said["config"])[1].split()[0]
    status, said = kuacheng("receipt", "verify", str(tmp_path / "downloaded.json"), "--key", key)
    assert (status, "question: holds" in said, "answer: holds" in said) == (0, True, True)
    assert kuacheng("download", *way)[0] == 2
