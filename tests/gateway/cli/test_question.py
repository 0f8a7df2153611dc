"""Claims from a command line: a value that is not typed is asked for, and a file holds texts."""

import io

import click
import pytest
from click.testing import CliRunner

from gateway.cli.question import claimed


@click.command()
@click.option("--claim", "claims", multiple=True)
def show(claims: tuple[str, ...]) -> None:
    found = claimed(claims, None)
    click.echo(sorted(found.items()))


def test_a_value_that_is_missing_is_asked_for_and_not_echoed() -> None:
    found = CliRunner().invoke(show, ["--claim", "status=VALID", "--claim", "capital", "--claim", "remark="], input="5284.00\n")
    assert found.stdout.endswith("[('capital', '5284.00'), ('remark', ''), ('status', 'VALID')]\n")
    assert "5284.00" not in found.stderr


@pytest.mark.parametrize(
    ("claims", "file"),
    [((), None), (("a=1",), "{}"), (("a=1", "a=2"), None), ((), "[]"), ((), "{}"), ((), '{"a": 1}'), ((), "{")],
)
def test_what_is_no_claim_is_wrong_use(claims: tuple[str, ...], file: str | None) -> None:
    with pytest.raises(click.UsageError):
        claimed(claims, None if file is None else io.StringIO(file))
