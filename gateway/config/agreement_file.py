"""Agreements as they stand in files -> Agreement.

Laws: deny by default; nothing is granted by a wildcard or by an empty list; a day is a calendar day of China Standard
Time, the first and the last one included. Quotas will stand beside `valid`; until they can be kept, the key is refused.
Serves: Network Data Security Regulations, Art. 12 (purpose, manner and scope of each provision are agreed upon).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from gateway.config.document import Document, Path
from gateway.config.known import Known
from gateway.config.problem import ConfigError, Gathering, Problem
from gateway.config.shape import Section, fault, shape, unknown
from gateway.config.words import AgreementId, CallerSystem, Day, Department, Named, Text
from gateway.model.agreement import Agreement, Grant, Hidden
from gateway.model.catalogue import EvidenceType
from gateway.model.civil_day import CHINA
from gateway.model.claiming import claimable
from gateway.model.query import LegalBasisKind

_ALL: Final = "all"


def _verifiable(basis: str) -> str:
    if basis == LegalBasisKind.HOLDER_AUTHORISED:
        raise fault(
            "HOLDER_AUTHORISED cannot be agreed upon yet: "
            "the gateway cannot verify a holder's signed authorisation, so it would be an open door",
            "take it out",
        )
    return basis


Basis = Annotated[Literal["STATUTORY_DUTY", "ENTRUSTED", "HOLDER_AUTHORISED"], AfterValidator(_verifiable)]
FieldNames = Annotated[
    Annotated[tuple[Named, ...], Field(min_length=1), Tag("<names>")] | Annotated[Literal["all"], Tag("<all>")],
    Discriminator(lambda value: "<all>" if isinstance(value, str) else "<names>"),
]
Until = Annotated[
    Annotated[Day, Tag("<day>")] | Annotated[Literal["for-good"], Tag("<for-good>")],
    Discriminator(lambda value: "<for-good>" if value == "for-good" else "<day>"),
]


class AgreementsFile(Section):
    """A file of agreements."""

    agreements: tuple[Any, ...] = Field(min_length=1, description="the agreements")


class EvidenceSection(Section):
    """What of one kind of evidence may be seen, what verified, and whether its file downloaded."""

    type: Named = Field(description="alias or code of the kind of evidence")
    fields: FieldNames = Field(default=(), description="what may be seen: a list of canonical fields, or all")
    verify: FieldNames = Field(
        default=(), description="about which fields claims may be verified: a list, or all; seeing does not imply it"
    )

    download: bool = Field(default=False, description="whether its file may be downloaded, which shows all that is printed on it")
    holder_present: bool = Field(
        default=False, description="whether it may be asked only by a code that the holder shows, never by a number"
    )

    @model_validator(mode="after")
    def _something(self) -> "EvidenceSection":
        if not self.fields and not self.verify and not self.download:
            raise fault("grants nothing", "add `fields`, `verify` or `download`")
        if self.holder_present and (self.verify or self.download):
            raise fault(
                "is asked by a shown code, by which nothing is verified or downloaded", "take out `verify` and `download`"
            )
        return self


class ValiditySection(Section):
    """When it is in force."""

    first: Day = Field(alias="from", description="first day")
    last: Day = Field(alias="to", description="last day, included")

    @model_validator(mode="after")
    def _in_order(self) -> "ValiditySection":
        if self.last < self.first:
            raise fault("ends before it begins", "`to` is the last day, included")
        return self


class HiddenSection(Section):
    """That its exchanges are left out when a holder is told who looked."""

    authority: Text = Field(description="by whose decision, its number; it stands in every entry")
    until: Until = Field(description="last day, included, or for-good")


class AgreementSection(Section):
    """One agreement."""

    id: AgreementId = Field(description="its name, unique; every exchange is recorded under it")
    title: Text | None = Field(default=None, description="for people")
    department: Department = Field(description="who may ask: a unified social credit code")
    department_name: Text = Field(description="its name, as cities that ask for it and people who look later shall read it")
    department_region: Named = Field(description="the region whose authority vouches for the department")
    systems: Annotated[tuple[CallerSystem, ...], Field(min_length=1)] | None = Field(
        default=None, description="which of its systems may ask; every one if the key is left out"
    )
    region: Named = Field(description="the region that is asked")
    evidence: tuple[EvidenceSection, ...] = Field(min_length=1, description="what may be seen, a list of {type, fields}")
    matters: tuple[Named, ...] = Field(min_length=1, description="codes of the matters it is for")
    legal_bases: tuple[Basis, ...] = Field(min_length=1, description="STATUTORY_DUTY or ENTRUSTED")
    valid: ValiditySection = Field(description="when it is in force, {from, to}")
    hidden: HiddenSection | None = Field(
        default=None, description="left out when a holder is told who looked, {authority, until}; none unless law demands it"
    )


@dataclass(frozen=True, slots=True)
class Written:
    """An agreement, and where it is written."""

    agreement: Agreement
    document: Document
    path: Path


def read_agreements(document: Document, known: Known) -> tuple[tuple[Written, ...], tuple[Problem, ...]]:
    """The agreements of one file that can be used, and every problem of the others. Raises ConfigError if it is no such file."""
    gathering = Gathering()
    count = len(shape(document, AgreementsFile).agreements)
    found = [gathering.attempt(_written, document, ("agreements", index), known) for index in range(count)]
    return tuple(each for each in found if each is not None), gathering.problems


def _written(document: Document, at: Path, known: Known) -> Written:
    section = shape(document, AgreementSection, at)
    if problems := tuple(_problems(document, at, section, known)):
        raise ConfigError(problems)
    return Written(_agreement(section, known), document, at)


def _agreement(section: AgreementSection, known: Known) -> Agreement:
    grants = (_grant(each, kind) for each in section.evidence if (kind := known.types.get(each.type)))
    return Agreement(
        id=section.id,
        region=section.department_region,
        department=section.department,
        department_name=section.department_name,
        systems=None if section.systems is None else frozenset(section.systems),
        provider_region=section.region,
        grants=MappingProxyType({each.evidence_type: each for each in grants}),
        matters=frozenset(section.matters),
        legal_bases=frozenset(LegalBasisKind(each) for each in section.legal_bases),
        valid_from=first_moment(section.valid.first),
        valid_to=first_moment(section.valid.last + timedelta(days=1)),
        hidden=_hidden(section.hidden) if section.hidden else None,
    )


def _hidden(section: HiddenSection) -> Hidden:
    until = None if isinstance(section.until, str) else first_moment(section.until + timedelta(days=1))
    return Hidden(section.authority, until)


def _grant(section: EvidenceSection, kind: EvidenceType) -> Grant:
    verifiable = (name for name, each in kind.fields.items() if claimable(each))
    return Grant(
        kind.code,
        frozenset(kind.fields if section.fields == _ALL else section.fields),
        frozenset(verifiable if section.verify == _ALL else section.verify),
        section.download,
        section.holder_present,
    )


def first_moment(day: date) -> datetime:
    """When a calendar day of China Standard Time begins, UTC."""
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def _problems(document: Document, at: Path, section: AgreementSection, known: Known) -> Iterator[Problem]:
    for key, region in (("region", section.region), ("department_region", section.department_region)):
        if known.regions is not None and region not in known.regions:
            yield document.problem((*at, key), *unknown("region", region, known.regions))
    first: dict[str, int] = {}
    for index, each in enumerate(section.evidence):
        here = (*at, "evidence", index)
        kind = known.types.get(each.type)
        if kind is None:
            if known.every_type:
                yield document.problem((*here, "type"), *unknown("evidence type", each.type, known.aliases))
            continue
        if first.setdefault(kind.code, index) != index:
            message = "the agreement names this evidence type twice"
            yield document.problem((*here, "type"), message, f"put the fields together under evidence[{first[kind.code]}]")
        yield from _unknown_fields(document, (*here, "fields"), each.fields, kind)
        yield from _unknown_fields(document, (*here, "verify"), each.verify, kind)
        yield from _not_claimable(document, (*here, "verify"), each.verify, kind)


def _unknown_fields(document: Document, at: Path, names: FieldNames, kind: EvidenceType) -> Iterator[Problem]:
    if names == _ALL:
        return
    for index, name in enumerate(names):
        if name not in kind.fields:
            yield document.problem((*at, index), *unknown(f"field of {kind.alias}", name, kind.fields))


def _not_claimable(document: Document, at: Path, names: FieldNames, kind: EvidenceType) -> Iterator[Problem]:
    if names == _ALL:
        return
    for index, name in enumerate(names):
        if name in kind.fields and not claimable(kind.fields[name]):
            yield document.problem((*at, index), "no claim can be made about a field of rows", "take it out")
