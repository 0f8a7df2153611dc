"""A code that a holder shows comes from a file or is typed unseen, and stands in place of the holder."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gateway.cli import query
from gateway.cli.presented import read

CODE = "shown-code-0001"


@click.command()
@click.option("--presented-code-file", type=click.File())
@click.option("--holder-number")
@click.option("--holder-name")
def show(**given: object) -> None:
    found = read(given)
    click.echo(found.code if found else "none")


def shown(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(show, arguments, input=given)


def test_a_code_is_read_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "code"
    file.write_text(f"{CODE}\n")
    assert shown("--presented-code-file", str(file)).stdout == f"{CODE}\n"
    assert shown("--presented-code-file", "-", given=f" {CODE}\r\n").stdout == f"{CODE}\n"
    assert shown().stdout == "none\n"


@pytest.mark.parametrize("given", ["", "\n", f"{CODE}\n{CODE}", "two words", b"\xff\xfe"])
def test_what_is_no_single_line_is_wrong_use(given: str | bytes) -> None:
    result = shown("--presented-code-file", "-", given=given)
    assert (result.exit_code, "one line" in result.stderr, CODE in result.stderr) == (2, True, False)


@pytest.mark.parametrize("option", ["--holder-number", "--holder-name"])
def test_it_stands_in_place_of_the_holder(option: str) -> None:
    result = shown("--presented-code-file", "-", option, "x", given=CODE)
    assert (result.exit_code, "in place of the holder" in result.stderr) == (2, True)


def test_no_option_of_a_query_takes_the_code_itself() -> None:
    (option,) = [each for each in query.command.params if "code" in str(each.name) and "presented" in str(each.name)]
    assert isinstance(option.type, click.File)
