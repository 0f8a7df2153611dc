"""What the two READMEs tell a user to type works as it stands, and both tell the same."""

import inspect
import re
from pathlib import Path

import pytest

from gateway import exchange
from gateway.development.pages import walk
from tests.terminal import ROOT, SERVING, Terminal, blocks, commands

PAGES = {"en": "README.md", "zh": "README.zh-CN.md"}
MAKEFILE = (ROOT / "Makefile").read_text()

# What each command says when all is well.
SAYS = {
    "kuacheng query --sample 0": "ISSUED",
    "kuacheng query --sample 9 -o json": '"outcome": "ISSUED"',
    "kuacheng query --sample 1 || true": "refused: NO_AGREEMENT (blame: POLICY)",
    "kuacheng query --sample 0 -o json > answer.json": "",  # all goes into the file
    'kuacheng receipt verify answer.json --key "$(kuacheng ledger key -c .kuacheng/gateway.yaml)"': "answer: holds",
    "kuacheng ledger list -f .kuacheng/ledger.db": "OUTCOME",
    "kuacheng ledger verify -f .kuacheng/ledger.db": "every hash and the tree's root hold",
    "kuacheng config check -c .kuacheng/gateway.yaml": "fine: 2 regions",
    "kuacheng tables check": "0 problems",
    "grpcurl": '"code": "440100"',
}
# What is not typed here, and why.
ELSEWHERE = {
    "make demo": "a target, which runs `kuacheng demo`; tests/journeys tells that story",
    "make test": "a target, which is what runs this",
    ". .venv/bin/activate": "the tests run in that environment",
}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


def test_both_have_the_same_commands_and_programs_in_the_same_order() -> None:
    assert commands(PAGES["en"]) == commands(PAGES["zh"])
    assert commands(PAGES["en"])
    english, chinese = ([each for each in blocks(page) if each.language == "python"] for page in PAGES.values())
    assert english == chinese


def test_both_have_the_same_links_in_the_same_order() -> None:
    english, chinese = (re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text()) for page in PAGES.values())
    assert english[0] == PAGES["zh"]
    assert chinese[0] == PAGES["en"]
    assert english[1:] == chinese[1:]


@pytest.mark.parametrize("language", PAGES)
def test_the_picture_is_that_of_the_corridor(language: str) -> None:
    (picture,) = (each.text for each in blocks(PAGES[language]) if each.language == "text")
    assert picture == walk.picture(language, walk.walked(inspect.getsource(exchange)))


def test_every_command_is_run_here_or_named_with_its_reason() -> None:
    for command in commands(PAGES["en"]):
        known = command in ELSEWHERE or SERVING.match(command) or command in SAYS or command.split()[0] in SAYS
        assert known, command


def test_what_is_run_elsewhere_is_there() -> None:
    assert {each.removeprefix("make ") for each in ELSEWHERE if each.startswith("make ")} <= targets()
    assert re.search(r"^demo: .*\n\t@kuacheng demo$", MAKEFILE, flags=re.MULTILINE)
    assert re.search(r"^test: .*\n\tpytest", MAKEFILE, flags=re.MULTILINE)
    assert "VENV := .venv\n" in MAKEFILE


def test_the_contributing_page_names_targets_only() -> None:
    named = set(
        re.findall(
            r"make ([a-z]+)\b",
            "\n".join((*commands("CONTRIBUTING.md"), *re.findall(r"`make [a-z]+`", (ROOT / "CONTRIBUTING.md").read_text()))),
        )
    )
    assert {"demo", "check", "proto", "docs", "lock"} <= named <= targets()


def test_every_command_and_program_does_what_it_is_said_to(tmp_path: Path) -> None:
    page = PAGES["en"]
    (program,) = (each.text for each in blocks(page) if each.language == "python")
    up = ""
    with Terminal(tmp_path) as terminal:
        for command in commands(page):
            if command in ELSEWHERE:
                continue
            if not SERVING.match(command):
                says = SAYS[command] if command in SAYS else SAYS[command.split()[0]]
                assert says in terminal.run(command), command
            elif command.startswith("kuacheng dev"):
                up = command
                assert "Kuacheng is up" in terminal.start(command)
            else:
                assert terminal.python(program).startswith("ISSUED 91440605M90000003G 2046-08-20")
                terminal.end(up)
                assert "serving on 127.0.0.1:" in terminal.start(command)
