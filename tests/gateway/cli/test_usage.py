"""`kuacheng usage` against a real gateway: what a clerk reads, what a program gets, and where the holder's number never goes."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.gateway.client.notary import VKEY
from tests.gateway.rpc.house import House, asked, house, papers
from tests.gateway.rpc.test_usage import rights
from tests.gateway.stages import builders

WHY = (
    *("--matter-code", "440100-99", "--matter-name", "个人信息查询", "--case-number", "desk-1", "--reference", "第四十五条"),
    *("--operator-account", "desk-1", "--operator-name", "经办丙", "--operator-role", "信息公开岗"),
)


def way(gateway: House, folder: Path) -> tuple[str, ...]:
    shown = papers().sound
    files = {"cert": shown.certificate, "key": shown.key, "ca": papers().gateway.certificate_pem}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return ("--gateway", gateway.address, *(part for name in files for part in (f"--{name}", str(folder / name))))


async def usage(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    found = await asyncio.to_thread(CliRunner().invoke, main, ["usage", *arguments], input=given)
    assert not isinstance(found.exception, Exception), found.exception
    return found.exit_code, found.stdout, found.stderr


async def test_a_clerk_reads_who_looked(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text(f"{builders.NUMBER}\n")
    async with house(search_rights=rights()) as gateway:
        async with gateway.client() as client:
            for _ in range(2):
                await client.query(**asked())
        options = (*way(gateway, tmp_path), *WHY)
        status, said, complained = await usage(*options, "--page-size", "1", given=f"{builders.NUMBER}\n")
        token = said.split("--page-token ")[1].strip()
        rest = await usage(*options, "--page-token", token, "--language", "zh", "--holder-file", str(number))
        none = await usage(*options, "--to", "2026-01-01", "--holder-file", "-", given=builders.NUMBER)
    assert (status, "2 acts in the log about this holder" in said, "ISSUED" in said) == (0, True, True)
    assert "asked Foshan for your Proof of everything" in " ".join(said.split())
    assert "number of the holder" in complained
    assert (rest[0], "样样" in rest[1], "--page-token" in rest[1]) == (0, True, False)
    assert (none[0], none[1].splitlines()[0][:6]) == (0, "0 acts")
    assert not any(builders.NUMBER in text for text in (said, complained, *rest[1:], *none[1:]))


async def test_a_program_gets_json_that_holds_the_searchs_receipt(tmp_path: Path) -> None:
    async with house(search_rights=rights()) as gateway:
        async with gateway.client() as client:
            answer = await client.query(**asked())
        status, said, _ = await usage(*way(gateway, tmp_path), *WHY, "-o", "json", given=f"{builders.NUMBER}\n")
    told = json.loads(said)
    (found,) = told["usages"]
    assert (status, told["total_usages"], found["exchange_id"], found["outcome"]) == (0, 1, answer.exchange_id, "ISSUED")
    (tmp_path / "search.json").write_text(said)
    verified = await asyncio.to_thread(
        CliRunner().invoke, main, ["receipt", "verify", str(tmp_path / "search.json"), "--key", VKEY]
    )
    assert (verified.exit_code, "verified" in verified.stdout) == (0, True)


async def test_a_refusal_is_a_finding_and_says_why(tmp_path: Path) -> None:
    async with house() as gateway:
        status, _, complained = await usage(*way(gateway, tmp_path), *WHY, given=f"{builders.NUMBER}\n")
        as_json = await usage(*way(gateway, tmp_path), *WHY, "-o", "json", given="1\n")
    assert (status, "refused: NO_AGREEMENT (blame: POLICY)" in complained) == (1, True)
    assert (as_json[0], json.loads(as_json[1])["refused"]["reason"]) == (1, "INVALID_IDENTIFIER")


WRONG = {
    "no way": (WHY, "kuacheng dev"),
    "no reason": (("--gateway", "127.0.0.1:1"), "--matter-code is missing"),
    "backwards": ((*WHY, "--gateway", "127.0.0.1:1", "--from", "2026-02-02", "--to", "2026-02-01"), "--from is later than --to"),
    "no day": (("--from", "1.2.2026"), "does not match"),
    "no number": ((*WHY, "--gateway", "127.0.0.1:1", "--holder-file", "empty"), "holds one number and nothing else"),
    "no text": ((*WHY, "--gateway", "127.0.0.1:1", "--holder-file", "binary"), "holds one number and nothing else"),
    "a number for all to see": (("--holder-number", "x"), "No such option"),
}


@pytest.mark.parametrize(("arguments", "told"), WRONG.values(), ids=WRONG)
async def test_wrong_use(arguments: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"\xff\xfe1")
    status, _, complained = await usage(*arguments, given=f"{builders.NUMBER}\n")
    assert (status, told in complained) == (2, True), complained
