"""What can be said of the regions, systems and lists of a gateway.yaml, even where another part of it is at fault.

Law: what cannot be said is None or empty, never guessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.config.document import Document, Path
from gateway.config.problem import ConfigError, Problem
from gateway.config.settings import Settings
from gateway.config.shape import shape
from gateway.config.wording import quoted


@dataclass(frozen=True, slots=True)
class Lists:
    """`regions` and `systems` (adapter's name -> region) as in Known; the lists of files as they are written."""

    regions: frozenset[str] | None
    systems: Mapping[str, str] | None
    catalogue: tuple[str, ...]
    tables: tuple[str, ...]
    interfaces: tuple[str, ...]
    agreements: tuple[str, ...]
    search_rights: tuple[str, ...]


def salvaged(document: Document, settings: Settings | None) -> Lists:
    """The lists of the settings, or, without settings, those that stand in the document."""
    if settings is None:
        written = document.at(("regions",))
        names = (_names(document, key) for key in ("catalogue", "tables", "interfaces", "agreements", "search_rights"))
        return Lists(frozenset(written) if isinstance(written, dict) else None, None, *names)
    systems = {system.connector: code for code, region in settings.regions.items() for system in region.systems.values()}
    lists = (settings.catalogue, settings.tables, settings.interfaces, settings.agreements, settings.search_rights)
    return Lists(frozenset(settings.regions), MappingProxyType(systems), *lists)


def _names(document: Document, key: str) -> tuple[str, ...]:
    field = Settings.model_fields[key]
    if document.at((key,)) is None:
        return () if field.is_required() else tuple(field.default)
    try:
        return shape(document, tuple[str, ...], (key,))
    except ConfigError:
        return ()


def shared_names(document: Document) -> Iterator[Problem]:
    """Adapters' names, and trust domains, that stand under more than one system or region."""
    yield from _shared(document, "connector", "adapter", _connectors(document), "ask each adapter for one system")
    yield from _shared(document, "trust_domain", "trust domain", _domains(document), "give each region one of its own")


def _shared(document: Document, key: str, what: str, places: Iterator[Path], hint: str) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    for path in places:
        name = document.at((*path, key))
        if not isinstance(name, str):
            continue
        if name in first:
            yield document.problem(
                (*path, key), f"the {what} {quoted(name)} stands also at {document.place((*first[name], key))}", hint
            )
        else:
            first[name] = path


def _connectors(document: Document) -> Iterator[Path]:
    for region in _keys(document, ("regions",)):
        for system in _keys(document, ("regions", region, "systems")):
            yield ("regions", region, "systems", system)


def _domains(document: Document) -> Iterator[Path]:
    for region in _keys(document, ("regions",)):
        yield ("regions", region)


def _keys(document: Document, at: Path) -> tuple[str, ...]:
    found = document.at(at)
    return tuple(found) if isinstance(found, dict) else ()
