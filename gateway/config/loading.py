"""Loads gateway.yaml and all it names into one frozen value, or says everything that is wrong.

Laws: the environment is passed in; nothing is opened but files that the configuration names; the edition is a digest of
what judges and of no secret, and does not depend on where the files lie.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gateway.config.agreement_file import Written
from gateway.config.document import Document
from gateway.config.front_proxy import unusable
from gateway.config.interface_file import InterfaceText
from gateway.config.judging import (
    Tables,
    Vocabulary,
    gather_agreements,
    gather_interfaces,
    gather_search_rights,
    read_tables,
    read_vocabulary,
)
from gateway.config.known import NO_PROGRAMS, Known, Programs
from gateway.config.log_material import DatabaseMaterial, LogPlace, WitnessMaterial
from gateway.config.material import (
    ConsoleMaterial,
    Material,
    RevocationList,
    ServerMaterial,
    System,
    read_material,
    revocation_lists,
)
from gateway.config.places import NOTHING, Places
from gateway.config.problem import Gathering, Problem
from gateway.config.references import References
from gateway.config.salvage import salvaged, shared_names
from gateway.config.search_right_file import WrittenRight
from gateway.config.settings import Settings
from gateway.config.shape import shape
from gateway.config.sources import Source, read_listed, read_source
from gateway.config.system_checks import judged
from gateway.config.tables import Coverage
from gateway.model.agreement import Agreement
from gateway.model.identity import Anchor, Trust
from gateway.model.table import Table
from gateway.model.usage import SearchRight
from gateway.model.world import Limits, Region, World
from gateway.stages.translate.compiling import compile_table
from gateway.token import SigningKey

_SHORT: Final = 16


@dataclass(frozen=True, slots=True)
class Loaded:
    """The whole configuration.

    `systems` by the adapter's name; `ledger` is the log's file or database, `log_keys` what signs it; `former` are those before it, oldest
    first; `witnesses` is None where nobody need cosign, `console` where there is none behind mutual TLS; `document` is gateway.yaml;
    `links` as Places.links; `interfaces` are those that a file describes; `deny_list` is a path, `revocation_lists` by region; `beside` is
    what the gateway's small records are named after and stand beside: see `_beside`.
    """

    settings: Settings
    world: World
    systems: Mapping[str, System]
    server: ServerMaterial
    ledger: Path | DatabaseMaterial
    log_keys: tuple[bytes | SigningKey, ...] = field(repr=False)
    former: tuple[LogPlace, ...]
    witnesses: WitnessMaterial | None
    console: ConsoleMaterial | None
    coverage: tuple[Coverage, ...]
    interfaces: tuple[InterfaceText, ...]
    document: Document = field(repr=False)
    links: Mapping[Path, Path]
    beside: Path
    deny_list: Path
    revocation_lists: Mapping[str, tuple[RevocationList, ...]]


@dataclass(frozen=True, slots=True)
class Survey:
    """What could be read of the tables, and every problem of the whole configuration."""

    coverage: tuple[Coverage, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    """All parts as read, with whatever is missing left out."""

    source: Source
    settings: Settings | None
    material: Material | None
    vocabulary: Vocabulary
    interfaces: tuple[InterfaceText, ...]
    tables: Tables
    agreements: tuple[Written, ...]
    search_rights: tuple[WrittenRight, ...]
    judging: tuple[tuple[str, bytes], ...]


def load(
    path: Path, environment: Mapping[str, str], instead: Mapping[Path, Path] = NOTHING, *, programs: Programs = NO_PROGRAMS
) -> Loaded:
    """The configuration at the path of a gateway.yaml. Raises ConfigError with every problem of every file.

    `instead` maps a folder, absolute, to one that is read in its place: what would be if its link led there? `programs` are the adapters
    of the program; without them nobody looks whether a system can be asked, as whoever reads a log or a certificate need not.
    """
    gathering, places = Gathering(), Places(instead)
    parts = _read(gathering, path, environment, places, programs)
    gathering.close()
    if parts is None or parts.settings is None or parts.material is None:
        raise RuntimeError("a part of the configuration is missing without a problem")
    plain = References(parts.source.document, path.parent, {})
    return Loaded(
        settings=parts.settings,
        world=_world(parts, parts.settings, parts.material),
        systems=_systems(parts.material.systems, parts.interfaces),
        server=parts.material.server,
        ledger=parts.material.log.where,
        beside=_beside(parts.material.log.where, parts.settings.state, plain),
        deny_list=plain.path(parts.settings.deny_list),
        revocation_lists=revocation_lists(plain, parts.settings),
        log_keys=parts.material.log.keys,
        former=parts.material.log.former,
        witnesses=parts.material.log.witnesses,
        console=parts.material.console,
        coverage=parts.tables.coverage,
        interfaces=parts.interfaces,
        document=parts.source.document,
        links=places.links,
    )


def survey(path: Path, environment: Mapping[str, str], *, programs: Programs = NO_PROGRAMS) -> Survey:
    """The same walk for people who mend tables: what is covered, though something be wrong. Never raises ConfigError."""
    gathering = Gathering()
    parts = _read(gathering, path, environment, Places(), programs)
    return Survey(parts.tables.coverage if parts else (), gathering.problems)


def survey_tables(
    catalogue: tuple[str, ...], tables: tuple[str, ...], folder: Path, *, programs: Programs = NO_PROGRAMS
) -> Survey:
    """Tables held against a catalogue alone, for the author of a city. Names as in gateway.yaml. Never raises ConfigError."""
    gathering = Gathering()

    def named(index: int) -> Problem:
        return Problem(str(folder), 1, 1, f"[{index}]", "")

    vocabulary = read_vocabulary(gathering, read_listed(gathering, catalogue, "catalogue", folder, named))
    known = Known(None, None, vocabulary.catalogue.types, vocabulary.complete, programs=programs)
    covered = read_tables(gathering, read_listed(gathering, tables, "tables", folder, named), known)
    return Survey(covered.coverage, gathering.problems)


def _read(gathering: Gathering, path: Path, environment: Mapping[str, str], places: Places, programs: Programs) -> _Parts | None:
    source = gathering.attempt(read_source, path)
    if source is None:
        return None
    document = source.document
    settings = gathering.attempt(shape, document, Settings)
    lists = salvaged(document, settings)
    gathering.add(shared_names(document))
    gathering.add(unusable(document, settings) if settings else ())
    references = References(document, path.parent, environment, places)
    material = gathering.attempt(read_material, references, settings) if settings else None

    def listed(kind: str, names: tuple[str, ...]) -> tuple[Source, ...]:
        return read_listed(gathering, names, kind, path.parent, lambda index: document.problem((kind, index), ""))

    catalogue = listed("catalogue", lists.catalogue)
    vocabulary = read_vocabulary(gathering, catalogue)
    before = gathering.count
    interfaces_read = listed("interfaces", lists.interfaces)
    interfaces = gather_interfaces(gathering, interfaces_read)
    described = {each.interface.name: each.interface for each in interfaces if each.interface.name not in programs}
    known = Known(lists.regions, lists.systems, vocabulary.catalogue.types, vocabulary.complete, described, programs)
    known = judged(gathering, document, settings, interfaces, known, every_interface=gathering.count == before)
    tables_read = listed("tables", lists.tables)
    tables = read_tables(gathering, tables_read, known)
    agreements_read = listed("agreements", lists.agreements)
    agreements = gather_agreements(gathering, agreements_read, known, tables)
    rights_read = listed("search_rights", lists.search_rights)
    rights = gather_search_rights(gathering, rights_read, known)
    used = {text.document.file for text in tables.texts}
    judging = (
        ("settings", source.content),
        *(("catalogue", each.content) for each in catalogue),
        *(("table", each.content) for each in tables_read if each.document.file in used),
        *(("interface", each.content) for each in interfaces_read),
        *(("agreements", each.content) for each in agreements_read),
        *(("search_rights", each.content) for each in rights_read),
    )
    return _Parts(source, settings, material, vocabulary, interfaces, tables, agreements, rights, judging)


def _beside(where: Path | DatabaseMaterial, state: str | None, plain: References) -> Path:
    """The log's file; of a log in a database, `gateway` in the folder of gateway.yaml. In the folder `state` where one is named."""
    named = where if isinstance(where, Path) else plain.path("gateway")
    return named if state is None else plain.path(state) / named.name


def _world(parts: _Parts, settings: Settings, material: Material) -> World:
    trust = _trust(material.anchors, settings.listen.front_proxy or "")
    limits = settings.limits
    return World(
        edition=_digest((*parts.judging, ("trust", trust.generation.encode())))[:_SHORT],
        catalogue=parts.vocabulary.catalogue,
        regions=MappingProxyType({code: Region(code, each.name.zh, each.name.en) for code, each in settings.regions.items()}),
        trust=trust,
        agreements=_by_department(each.agreement for each in parts.agreements),
        tables=MappingProxyType(dict(_compiled(parts))),
        holder_key=material.log.holder_key,
        limits=Limits(
            default_deadline=limits.default_deadline,
            maximum_deadline=limits.maximum_deadline,
            minimum_deadline=limits.minimum_deadline,
            answer_margin=limits.answer_margin,
            in_flight=limits.in_flight,
            deferred=limits.deferred,
            longest_watch=limits.longest_watch,
        ),
        strict_identifiers=settings.strict_identifiers,
        former_holder_keys=material.log.former_holder_keys,
        search_rights=_by_caller(each.right for each in parts.search_rights),
    )


def _systems(systems: Mapping[str, System], interfaces: tuple[InterfaceText, ...]) -> Mapping[str, System]:
    """The systems, those of described interfaces with their description."""
    described = {each.interface.name: each.interface for each in interfaces}
    return MappingProxyType({name: replace(each, interface=described.get(name)) for name, each in systems.items()})


def _compiled(parts: _Parts) -> Iterable[tuple[tuple[str, str], Table]]:
    for text in parts.tables.texts:
        kind = parts.vocabulary.catalogue.types[text.spec.type]
        yield (text.spec.region, kind.code), compile_table(text.spec, kind)


def _by_department(agreements: Iterable[Agreement]) -> Mapping[str, tuple[Agreement, ...]]:
    found: dict[str, tuple[Agreement, ...]] = {}
    for each in sorted(agreements, key=lambda each: each.id):
        found[each.department] = (*found.get(each.department, ()), each)
    return MappingProxyType(found)


def _by_caller(rights: Iterable[SearchRight]) -> Mapping[tuple[str, str], tuple[SearchRight, ...]]:
    found: dict[tuple[str, str], tuple[SearchRight, ...]] = {}
    for each in sorted(rights, key=lambda each: each.id):
        key = (each.region, each.department)
        found[key] = (*found.get(key, ()), each)
    return MappingProxyType(found)


def _trust(anchors: Mapping[str, Anchor], front_proxy: str) -> Trust:
    parts = [(f"{each.region} {each.trust_domain}", each.authorities) for each in anchors.values()]
    return Trust(_digest(parts), anchors, front_proxy=front_proxy)


def _digest(parts: Sequence[tuple[str, bytes]]) -> str:
    """SHA-256, hex, over named contents, in no order, each hashed by itself so that nothing can move between them."""
    lines = sorted(f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in parts)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
