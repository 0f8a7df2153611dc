"""The page has the help of every command that there is."""

from collections.abc import Iterator

import click
import pytest

from gateway.cli import main
from gateway.development.pages import commands


def paths(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from paths(found, (*path, name))


@pytest.fixture(scope="module")
def helps() -> dict[tuple[str, ...], str]:
    return dict(commands.helps())


def test_every_command_and_no_other(helps: dict[tuple[str, ...], str]) -> None:
    assert set(helps) == set(paths(main))


def test_each_is_the_help_of_that_command(helps: dict[tuple[str, ...], str]) -> None:
    for path, text in helps.items():
        assert text.startswith(f"Usage: {' '.join(('kuacheng', *path))} ")
        assert "--help" in text
        assert "\\b" not in text, "an example is not wrapped into a sentence"
