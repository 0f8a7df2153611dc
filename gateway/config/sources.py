"""Finds and reads the YAML files that gateway.yaml lists: `shipped`, folders and files.

Law: a file is read once, however often it is named; a list that leads to nothing is a problem.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.config.document import MOST_BYTES, Document, read_document
from gateway.config.files import Unreadable, read_file, yaml_files
from gateway.config.problem import ConfigError, Gathering, Problem
from gateway.config.settings import SHIPPED

_PACKAGES: Final = Path(__file__).resolve().parents[2]
_SHIPPED: Final = {"catalogue": "gateway/catalogue/*.yaml", "tables": "adapters/*/tables/*.yaml"}


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML file as read. `shipped` where it came with the program."""

    document: Document
    content: bytes
    shipped: bool = False


def read_source(path: Path, *, shipped: bool = False) -> Source:
    """The YAML file. Raises ConfigError."""
    try:
        content = read_file(path, most=MOST_BYTES)
    except Unreadable as error:
        raise ConfigError([Problem(str(path), 1, 1, "", error.message, error.hint)]) from None
    return Source(read_document(str(path), content), content, shipped)


def read_listed(
    gathering: Gathering, names: tuple[str, ...], kind: str, folder: Path, at: Callable[[int], Problem]
) -> tuple[Source, ...]:
    """Every file behind the names of one list; problems are gathered. `at` gives the place of the n-th name."""
    paths: dict[Path, bool] = {}
    for index, name in enumerate(names):
        try:
            found = tuple(_paths(name, kind, folder))
        except Unreadable as error:
            place = at(index)
            gathering.add([Problem(place.file, place.line, place.column, place.path, error.message, error.hint)])
            continue
        for path in found:
            paths.setdefault(path, name == SHIPPED and kind in _SHIPPED)
    read = (gathering.attempt(read_source, path, shipped=shipped) for path, shipped in paths.items())
    return tuple(each for each in read if each is not None)


def _paths(name: str, kind: str, folder: Path) -> Iterator[Path]:
    if name == SHIPPED and kind in _SHIPPED:
        yield from sorted(_PACKAGES.glob(_SHIPPED[kind]))
    else:
        yield from yaml_files(folder / name)
