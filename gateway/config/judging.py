"""Reads the parts that judge - catalogue, tables, agreements - and holds each against the others.

Laws: every file is read even where another is at fault; a name that two files give is a problem naming both; what an agreement
promises some table can deliver.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.config.agreement_file import Written, read_agreements
from gateway.config.catalogue_file import read_type
from gateway.config.document import Document, Path
from gateway.config.interface_checks import table_problems
from gateway.config.interface_file import InterfaceText, read_interface
from gateway.config.known import Known
from gateway.config.problem import Gathering, Problem
from gateway.config.search_right_file import WrittenRight, read_search_rights
from gateway.config.shape import unknown
from gateway.config.sources import Source
from gateway.config.system_checks import table_problems as program_problems
from gateway.config.table_file import TableText, read_table
from gateway.config.tables import Coverage, check_table
from gateway.config.wording import listed, quoted
from gateway.model.catalogue import Catalogue, EvidenceType


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The kinds of evidence that could be read; `complete` if that is all of them."""

    catalogue: Catalogue
    complete: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that could be read, what each covers, and whether that is all of them."""

    texts: tuple[TableText, ...]
    coverage: tuple[Coverage, ...]
    complete: bool


def read_vocabulary(gathering: Gathering, sources: Sequence[Source]) -> Vocabulary:
    """The catalogue; problems are gathered."""
    before = gathering.count
    read = [(source.document, gathering.attempt(read_type, source.document)) for source in sources]
    placed = [(document, kind) for document, kind in read if kind is not None]
    named = [
        (name, document, (key,), kind) for document, kind in placed for key, name in (("code", kind.code), ("alias", kind.alias))
    ]
    gathering.add(_twice("evidence type", [(name, document, path) for name, document, path, _ in named]))
    unique: dict[str, EvidenceType] = {}
    for _, kind in placed:
        if not unique.keys() & {kind.code, kind.alias}:
            unique |= {kind.code: kind, kind.alias: kind}
    kinds = {kind.code: kind for kind in unique.values()}
    return Vocabulary(Catalogue.of(tuple(kinds.values())), complete=gathering.count == before)


def gather_interfaces(gathering: Gathering, sources: Sequence[Source]) -> tuple[InterfaceText, ...]:
    """The interfaces that are described and not programmed; problems are gathered."""
    read = [gathering.attempt(read_interface, source.document) for source in sources]
    found = tuple(each for each in read if each is not None)
    gathering.add(_twice("interface", [(each.interface.name, each.document, ("interface",)) for each in found]))
    return found


def read_tables(gathering: Gathering, sources: Sequence[Source], known: Known) -> Tables:
    """The tables of the regions known, held against catalogue and systems; problems are gathered."""
    before = gathering.count
    texts, coverage = [], []
    for source in sources:
        if source.shipped and _elsewhere(source.document, known.regions):
            continue
        read = gathering.attempt(read_table, source.document)
        if read is None:
            continue
        text, problems = read
        gathering.add((*problems, *_place_problems(text, known)))
        if program := known.programs.get(text.spec.system):
            gathering.add(program_problems(text, program))
        if kind := known.types.get(text.spec.type):
            texts.append(text)
            found, covered = check_table(text, kind)
            gathering.add(found)
            if interface := known.interfaces.get(text.spec.system):
                gathering.add(table_problems(text.document, text.spec, interface))
            coverage.append(covered)
    keys = [(f"{text.spec.region} {known.types[text.spec.type].alias}", text.document, ("type",)) for text in texts]
    gathering.add(_twice("table of", keys))
    ordered = tuple(sorted(coverage, key=lambda each: (each.region, each.type)))
    return Tables(tuple(texts), ordered, complete=gathering.count == before)


def _elsewhere(document: Document, regions: frozenset[str] | None) -> bool:
    region = document.at(("region",))
    return regions is not None and isinstance(region, str) and region not in regions


def _place_problems(text: TableText, known: Known) -> Iterator[Problem]:
    """Names of the table that the rest of the configuration does not have."""
    document, spec = text.document, text.spec
    if known.every_type and spec.type not in known.types:
        yield document.problem(("type",), *unknown("evidence type", spec.type, known.aliases))
    if known.regions is not None and spec.region not in known.regions:
        yield document.problem(("region",), *unknown("region", spec.region, known.regions))
    elif known.systems is not None and spec.system not in known.systems:
        message, hint = unknown("system", spec.system, known.systems)
        yield document.problem(
            ("system",), message, f"configure it under regions.{spec.region}.systems, or leave the table out; {hint}"
        )
    elif known.systems is not None and known.systems[spec.system] != spec.region:
        message = f"the system {quoted(spec.system)} stands under the region {known.systems[spec.system]}"
        yield document.problem(("system",), message, f"name a system of {spec.region}")


def gather_agreements(gathering: Gathering, sources: Sequence[Source], known: Known, tables: Tables) -> tuple[Written, ...]:
    """The agreements, each with a table for whatever it grants; problems are gathered."""
    written: list[Written] = []
    for source in sources:
        read = gathering.attempt(read_agreements, source.document, known)
        if read is not None:
            written += read[0]
            gathering.add(read[1])
    gathering.add(_twice("agreement", [(each.agreement.id, each.document, (*each.path, "id")) for each in written]))
    if tables.complete:
        answered = {(text.spec.region, known.types[text.spec.type].code) for text in tables.texts}
        for each in written:
            gathering.add(_undelivered(each, known, answered))
    return tuple(written)


def gather_search_rights(gathering: Gathering, sources: Sequence[Source], known: Known) -> tuple[WrittenRight, ...]:
    """The rights to search; problems are gathered."""
    written: list[WrittenRight] = []
    for source in sources:
        read = gathering.attempt(read_search_rights, source.document, known)
        if read is not None:
            written += read[0]
            gathering.add(read[1])
    gathering.add(_twice("right to search", [(each.right.id, each.document, (*each.path, "id")) for each in written]))
    return tuple(written)


def _undelivered(written: Written, known: Known, answered: set[tuple[str, str]]) -> Iterator[Problem]:
    region = written.agreement.provider_region
    if known.regions is not None and region not in known.regions:
        return
    for code in written.agreement.grants:
        if (region, code) not in answered:
            offered = listed(known.types[each].alias for where, each in answered if where == region)
            message = f"no table says how {region} answers for {known.types[code].alias}"
            yield written.document.problem(
                (*written.path, "evidence"), message, f"add the table, or take the type out; there are: {offered or 'none'}"
            )


def _twice(what: str, named: Sequence[tuple[str, Document, Path]]) -> Iterator[Problem]:
    """A problem at the second place of each name, telling the first."""
    first: dict[str, tuple[Document, Path]] = {}
    for name, document, path in named:
        if name in first:
            other, there = first[name]
            yield document.problem(path, f"the {what} {quoted(name)} stands also at {other.place(there)}", "keep one")
        else:
            first[name] = (document, path)
