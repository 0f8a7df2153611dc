"""docs/adding.md and docs/adding-an-interface.md, followed from the first line to the last command: a department, an evidence type, an
agreement, and an interface by YAML alone are added."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from adapters.simulation.identifiers import resident_number
from certs.development import KeyPair
from gateway.development.city import City
from tests.terminal import SERVING, Terminal, blocks, split

PAGE = "docs/adding.md"
INTERFACE_PAGE = "docs/adding-an-interface.md"
ASK = "kuacheng query home-count"
CERTIFICATE = ("handed/housing-desk/certificate.pem", "pki/clients/foshan-window.pem")
KEY = ("desk/housing-desk.key", "pki/clients/foshan-window.key")


def follow(terminal: Terminal, page: str) -> dict[str, str]:
    """Each command and what it said; files are saved where the page says so, and what runs already is left running."""
    said: dict[str, str] = {}
    for block in blocks(page):
        if block.file:
            (terminal.folder / block.file).write_text(terminal.typed(block.text))
        elif block.language == "sh":
            for command in split(block.text):
                if not command.startswith(". ") and command not in terminal.running:
                    said[command] = terminal.start(command) if SERVING.match(command) else terminal.run(command)
    return said


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    with Terminal(tmp_path_factory.mktemp("adding")) as found:
        yield found


def city(folder: Path) -> City:
    told = json.loads((folder / ".kuacheng/dev.json").read_text())
    pair = told["city_client"]
    authority = folder / ".kuacheng/pki/authorities/440100.pem"
    return City(told["cities"]["440100"][0], KeyPair(Path(pair["cert"]), Path(pair["key"])), authority)


async def test_a_department_a_type_and_an_agreement_are_added_as_the_page_says(terminal: Terminal) -> None:
    said = follow(terminal, PAGE)
    (asked,) = (each for each in said if each.startswith(ASK))
    (recorded,) = (await city(terminal.folder).tape(0))[-1:]
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


def test_an_interface_is_added_by_yaml_alone_as_the_page_says(terminal: Terminal) -> None:
    said = follow(terminal, INTERFACE_PAGE)
    told = {command.split(" -")[0]: text for command, text in said.items()}
    assert "440100  legal-aid-record" in told["kuacheng tables check"]
    assert "(1 interfaces as described)" in told["kuacheng config check"]
    assert "asks    guangzhou.aid (signed-rest, as " in told["kuacheng explain legal-aid-record"]
    (asked,) = (each for each in said if each.startswith("kuacheng query"))
    assert said[asked].startswith("ISSUED")
    assert re.search(r"^ cases +2 *$", said[asked], flags=re.MULTILINE)
    nobody = asked.replace("440106188609011248", resident_number("440106", date(1890, 3, 5), 1)).replace("陈家颖", "测试甲")
    assert "NO_RECORD" in terminal.run(nobody)


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return {Path(each.file).name: each.text for each in blocks(PAGE) if each.file}


def test_the_page_has_a_file_for_each_thing_that_it_adds(files: dict[str, str]) -> None:
    assert set(files) == {"home-count.yaml", "guangzhou-home-count.yaml", "housing-desk.yaml"}
