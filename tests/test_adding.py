"""docs/adding.md, followed from its first line to its last command: a department, an evidence type and an agreement are added."""

import json
import re
from pathlib import Path

import pytest

from certs.development import KeyPair
from gateway.development.city import City
from tests.terminal import SERVING, Terminal, blocks, split

PAGE = "docs/adding.md"
ASK = "kuacheng query home-count"
CERTIFICATE = ("handed/housing-desk/certificate.pem", "pki/clients/foshan-window.pem")
KEY = ("desk/housing-desk.key", "pki/clients/foshan-window.key")


def follow(terminal: Terminal) -> dict[str, str]:
    """Each command and what it said; files are saved where the page says so."""
    said: dict[str, str] = {}
    for block in blocks(PAGE):
        if block.file:
            (terminal.folder / block.file).write_text(block.text)
        elif block.language == "sh":
            for command in split(block.text):
                if not command.startswith(". "):
                    said[command] = terminal.start(command) if SERVING.match(command) else terminal.run(command)
    return said


def city(folder: Path) -> City:
    told = json.loads((folder / ".kuacheng/dev.json").read_text())
    pair = told["city_client"]
    authority = folder / ".kuacheng/pki/authorities/440100.pem"
    return City(told["cities"]["440100"][0], KeyPair(Path(pair["cert"]), Path(pair["key"])), authority)


async def test_a_department_a_type_and_an_agreement_are_added_as_the_page_says(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        said = follow(terminal)
        (asked,) = (each for each in said if each.startswith(ASK))
        (recorded,) = (await city(tmp_path).tape(0))[-1:]
        homes = json.loads(recorded["response"]["body"])["data"][0]["fwts"]
        too_much = terminal.run(f"{asked} --field holders", status=1)
        stranger = terminal.run(asked.replace(*CERTIFICATE).replace(*KEY), status=1)
    answer = said[asked]
    assert answer.startswith("ISSUED")
    assert re.search(rf"^ homes +{homes} *$", answer, flags=re.MULTILINE)
    assert homes > 1
    assert "陈家颖" not in answer
    assert "by agreement fs-housing-2026-01" in answer
    assert "refused: PURPOSE_NOT_COVERED" in too_much
    assert "refused: NO_AGREEMENT" in stranger


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return {Path(each.file).name: each.text for each in blocks(PAGE) if each.file}


def test_the_page_has_a_file_for_each_thing_that_it_adds(files: dict[str, str]) -> None:
    assert set(files) == {"home-count.yaml", "guangzhou-home-count.yaml", "housing-desk.yaml"}
