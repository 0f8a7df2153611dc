"""Turns a table as written into one that runs: each rule becomes one function, made once.

A rule for a part that the type does not have, or without the code list that its kind needs, is a RuntimeError: gateway.config.tables
has held the table against the catalogue before, and told its author where it is wrong.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.model.catalogue import EvidenceType
from gateway.model.identifiers import HolderIdType
from gateway.model.query import HolderType
from gateway.model.rules import CLAIMS, KIND_OF_NUMBER, NUMBER, Codes, PresentSpec, Source, TableSpec, VerifySpec, Withheld
from gateway.model.table import Presenting, Reader, Table, Verifying
from gateway.stages.translate.fields import reader
from gateway.stages.translate.outward import code, writer

_USUAL: Final[Mapping[HolderType, str]] = MappingProxyType(
    {
        HolderType.PERSON: HolderIdType.RESIDENT_NUMBER.value,
        HolderType.ORGANISATION: HolderIdType.UNIFIED_SOCIAL_CREDIT_CODE.value,
    }
)
"""What a number is of a holder where nothing else is said."""


def compile_table(spec: TableSpec, kind: EvidenceType) -> Table:
    """The table of `spec` for its evidence type."""
    return Table(
        edition=spec.edition,
        region=spec.region,
        type=kind,
        system=spec.system,
        operation=spec.operation,
        outward=tuple((name, writer(rule)) for name, rule in spec.ask.items()),
        inward=_inward(spec, kind),
        withheld=MappingProxyType({name: rule.reason for name, rule in spec.answer.items() if isinstance(rule, Withheld)}),
        verifying=_verifying(spec.verify) if spec.verify else None,
        files=spec.files,
        presenting=_presenting(spec, spec.presented) if spec.presented else None,
        id_types=_id_types(spec, kind),
    )


def _id_types(spec: TableSpec, kind: EvidenceType) -> tuple[str, ...]:
    """By which kinds of number the system is asked: a number of another kind it would take for one of these."""
    asked = [rule for rule in spec.ask.values() if isinstance(rule, Source)]
    said = frozenset[str]().union(*(rule.of for rule in asked if rule.path == NUMBER))
    told = [rule.form for rule in asked if rule.path == KIND_OF_NUMBER]
    if not said and told:
        said = frozenset[str]().union(*(form.meaning for form in told if isinstance(form, Codes)))
    elif not said:
        said = frozenset(_USUAL[each] for each in kind.holder_types)
    return tuple(sorted(said))


def _presenting(spec: TableSpec, presented: PresentSpec) -> Presenting:
    kept = {name: rule for name, rule in spec.ask.items() if not (isinstance(rule, Source) and rule.path.startswith("holder."))}
    return Presenting(presented.operation, ((presented.code, code), *((name, writer(rule)) for name, rule in kept.items())))


def _verifying(spec: VerifySpec) -> Verifying:
    claims = {
        name: rule.path.removeprefix(f"{CLAIMS}.") for name, rule in spec.claims.items() if rule.path.startswith(f"{CLAIMS}.")
    }
    return Verifying(
        operation=spec.operation,
        holder=tuple((name, writer(rule)) for name, rule in spec.claims.items() if name not in claims),
        claims=MappingProxyType({field: (name, writer(spec.claims[name])) for name, field in claims.items()}),
    )


def _inward(spec: TableSpec, kind: EvidenceType) -> tuple[tuple[str, Reader], ...]:
    given = {name: rule for name, rule in spec.answer.items() if not isinstance(rule, Withheld)}
    try:
        return tuple((name, reader(rule, kind.fields[name])) for name, rule in given.items())
    except KeyError as error:
        raise RuntimeError(f"a rule of the table {spec.type} of {spec.region} does not fit {kind.alias}") from error
