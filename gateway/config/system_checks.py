"""Holds the systems of gateway.yaml, and the tables that ask them, against what asks them: a program's adapter, or a described interface.

Laws: a description never takes the place of a programmed adapter; a name that is none is told where it is written, and what only follows
from it is not; whether a connection can be made is not known here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from gateway.config.document import Document, Path
from gateway.config.interface_file import InterfaceText
from gateway.config.known import Known, Program
from gateway.config.problem import Gathering, Problem
from gateway.config.settings import Settings, SystemSettings
from gateway.config.shape import unknown
from gateway.config.table_file import TableText
from gateway.model.interface import Family, Interface

_FILE: Final = "sqlite"
_DATABASES: Final = frozenset({"postgresql", _FILE})


def placed(settings: Settings) -> Iterator[tuple[Path, SystemSettings]]:
    """Each system, and where it stands in gateway.yaml."""
    for code, region in settings.regions.items():
        for name, system in region.systems.items():
            yield ("regions", code, "systems", name), system


def judged(
    gathering: Gathering,
    document: Document,
    settings: Settings | None,
    texts: Iterable[InterfaceText],
    known: Known,
    *,
    every_interface: bool,
) -> Known:
    """What is known once each system is held against what asks it, if the program's adapters are known; problems are gathered.

    Where a system's `connector` is nobody's name, which system was meant is not known: no table's system is then called unknown. Where a
    description could not be had, neither is its name.
    """
    taken = [problem for text in texts for problem in _taken(text, known)]
    gathering.add(taken)
    if settings is None or not known.programs:
        return known
    gathering.add(_unfit(document, settings, known))
    strange = tuple(_strange(document, settings, known)) if every_interface and not taken else ()
    gathering.add(strange)
    return replace(known, systems=None) if strange else known


def _taken(text: InterfaceText, known: Known) -> Iterator[Problem]:
    if text.interface.name in known.programs:
        message = f"{text.interface.name} is the name of an adapter of the program"
        yield text.document.problem(("interface",), message, "give the interface another name")


def _strange(document: Document, settings: Settings, known: Known) -> Iterator[Problem]:
    """Systems that nothing asks."""
    names = known.programs.keys() | known.interfaces.keys()
    for at, system in placed(settings):
        if system.connector not in names:
            yield document.problem((*at, "connector"), *unknown("connector", system.connector, frozenset(names)))


def _unfit(document: Document, settings: Settings, known: Known) -> Iterator[Problem]:
    """Addresses that do not fit the interface, and credentials that are missing or that it does not take."""
    for at, system in placed(settings):
        interface, program = known.interfaces.get(system.connector), known.programs.get(system.connector)
        if program is not None:
            yield from _credentials(document, at, system, program.credentials)
        elif interface is not None and (misplaced := tuple(_address(document, at, system, interface))):
            yield from misplaced
        elif interface is not None:
            yield from _credentials(document, at, system, _wanted(system, interface))


def table_problems(text: TableText, program: Program) -> Iterator[Problem]:
    """Everything in the table that this adapter of the program has not."""
    document, spec = text.document, text.spec
    asked: list[tuple[Path, str]] = [(("operation",), spec.operation)]
    asked += [((key, "operation"), each.operation) for key in ("verify", "presented") if (each := getattr(spec, key))]
    for at, operation in asked:
        if operation not in program.operations:
            yield document.problem(at, *unknown(f"operation of {spec.system}", operation, program.operations))
    if spec.files and not program.files:
        yield document.problem(("files",), f"{spec.system} gives no files", "take `files` out", key=True)


def _credentials(document: Document, at: Path, system: SystemSettings, wanted: frozenset[str]) -> Iterator[Problem]:
    here, given = (*at, "credentials"), system.credentials.keys()
    for name in sorted(wanted - given):
        yield document.problem(here, f"the credential {name} is missing", "name a file or variable for it", key=True)
    for name in sorted(given - wanted):
        yield document.problem((*here, name), *unknown(f"credential of {system.connector}", name, wanted), key=True)


def _wanted(system: SystemSettings, interface: Interface) -> frozenset[str]:
    if _scheme(system) == _FILE:
        # Nobody logs in to a file; an account is only what a column of the requests may hold.
        return frozenset({"account"} if any(each.account for each in (interface.tables or {}).values()) else ())
    return interface.credentials


def _address(document: Document, at: Path, system: SystemSettings, interface: Interface) -> Iterator[Problem]:
    if (interface.family is Family.TABLES) is not (_scheme(system) in _DATABASES):
        form = "postgresql://host:port/database or sqlite:///path" if interface.tables else "https://host:port"
        yield document.problem((*at, "url"), f"its interface is of the family {interface.family}", f"write its url as {form}")


def _scheme(system: SystemSettings) -> str:
    return urlsplit(system.url).scheme
