"""Inward: what the city said, in canonical words, and whether it is about the holder who was asked for.

Laws: several holders are HOLDER_AMBIGUOUS and the first is never picked; an answer about somebody else is no answer; nothing here
makes a NO_RECORD, only the city's own words do.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from gateway.model.city import CityAnswer
from gateway.model.claiming import spelt
from gateway.model.evidence import Evidence, EvidenceHolder, Finding, FindingCode, Holders, Value, Verdict
from gateway.model.exchange import Route, can_be_named
from gateway.model.identifiers import (
    HolderIdType,
    InvalidIdentifier,
    ResidentFinding,
    ResidentNumber,
    Standing,
    division,
)
from gateway.model.query import Holder, PresentedCode
from gateway.model.refusal import Reason, Refusal
from gateway.stages.translate import findings, reading
from gateway.stages.translate.naming import canonical
from gateway.stages.translate.presenting import shown

_RESIDENT = frozenset({HolderIdType.RESIDENT_NUMBER, HolderIdType.RESIDENCE_PERMIT_551, HolderIdType.RESIDENCE_PERMIT_552})


def inward(answer: CityAnswer, route: Route, *, strict: bool) -> tuple[Evidence, ...]:
    """The evidence, none for the city's own NO_RECORD. Raises CITY_ANSWER_INVALID or HOLDER_AMBIGUOUS, and of a code as `shown`."""
    asked = route.permit.query.holder
    if answer.no_record and not isinstance(asked, PresentedCode):
        return ()
    if answer.verdicts:
        return tuple(_compared(each, route) for each in answer.verdicts)
    if not can_be_named(len(answer.records), route.permit.fields):
        raise reading.invalid("records", "are more than an entry of the evidence log can name")
    table = route.table
    records = tuple(
        [{name: value for name, read in table.inward if (value := read(record)) is not None} for record in answer.records]
    )
    files = answer.files or ((),) * len(records)
    asked = shown(records, answer, route) if isinstance(asked, PresentedCode) else asked
    odd = _about(records, asked, table.type.holder_count)
    return tuple(
        [
            Evidence(
                table.type,
                MappingProxyType(values),
                (*found, *findings.of_identifier(values.get("identifier"), strict=strict)),
                files=held,
            )
            for values, found, held in zip(records, odd, files, strict=True)
        ]
    )


def _compared(said: Mapping[str, bool | None], route: Route) -> Evidence:
    """What the city itself says of the claims about one paper. Whose it is it must have agreed to as well."""
    own = route.table.verifying
    if own is None:
        raise RuntimeError("a system without an operation that compares has compared")
    if any(said[name] is not True for name, _ in own.holder):
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city knows the number under another name")
    asked = {field: said[own.claims[field][0]] for field in sorted(route.permit.fields)}
    verdicts = {field: _VERDICTS[agrees] for field, agrees in asked.items()}
    return Evidence(route.table.type, MappingProxyType({}), verdicts=MappingProxyType(verdicts))


_VERDICTS: Mapping[bool | None, Verdict] = MappingProxyType(
    {True: Verdict.MATCH, False: Verdict.MISMATCH, None: Verdict.NO_RECORD}
)


def _about(records: tuple[dict[str, Value], ...], asked: Holder, most: int) -> tuple[tuple[Finding, ...], ...]:
    """For each record what is odd about its holders. Raises if they are others than the one who was asked for."""
    named = [held.holders if isinstance(held := values.get("holders"), Holders) else None for values in records]
    told = [holders for holders in named if holders is not None]
    matches = [any(_same(each, asked) for each in holders) for holders in told]
    if any(len(holders) > most for holders in told) or (any(matches) and not all(matches)) or _differ(told, asked):
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city's records are about several holders")
    if not all(matches):
        raise reading.invalid("holders", "is about another holder than the one asked for")
    return tuple(() if holders is None else (*_odd_name(holders, asked), *_odd_division(asked)) for holders in named)


def _differ(told: list[tuple[EvidenceHolder, ...]], asked: Holder) -> bool:
    """Several records of which none is about the one asked for, and not all about one."""
    others = {tuple(each.id_number for each in holders) for holders in told if not any(_same(each, asked) for each in holders)}
    return len(others) > 1


def _same(held: EvidenceHolder, asked: Holder) -> bool:
    """Whether it is the same document: a number alone could stand on somebody else's of another kind."""
    if held.id_number == asked.id_number and held.id_type in ("", asked.id_type):
        return True
    kinds = {held.id_type, asked.id_type}
    if held.id_type and len(kinds) > 1 and not kinds <= _RESIDENT:
        return False
    return held.id_number == asked.id_number or canonical(held.id_number.upper(), asked.id_type) == asked.id_number


def _odd_name(holders: tuple[EvidenceHolder, ...], asked: Holder) -> tuple[Finding, ...]:
    """A number with another name is somebody else's, mistyped: it is refused, and only another spelling is let through."""
    names = {each.name for each in holders if _same(each, asked)}
    if asked.name in names:
        return ()
    if spelt(asked.name) not in {spelt(each) for each in names}:
        raise Refusal(Reason.HOLDER_AMBIGUOUS, "the city knows the number under another name")
    return (Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),)


def _odd_division(asked: Holder) -> tuple[Finding, ...]:
    """Divisions are abandoned and their people live on, so an unknown one is told and no more (GB 11643, GB/T 2260)."""
    if asked.id_type != HolderIdType.RESIDENT_NUMBER or division.standing(asked.id_number[:6]) is not Standing.UNKNOWN:
        return ()
    try:
        odd = ResidentFinding.UNKNOWN_DIVISION in ResidentNumber.parse(asked.id_number, date.max).findings
    except InvalidIdentifier:
        return ()
    return (Finding(FindingCode.UNKNOWN_DIVISION, "holders"),) if odd else ()
