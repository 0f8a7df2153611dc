"""Rights to search the log for a holder, as they stand in files -> SearchRight.

Laws: deny by default; nothing is granted by a wildcard or by an empty list; an agreement to ask for evidence grants no search.
Serves: PIPL art. 45, 50 (a person's access to what was done with their data, and a way to it); 34 (powers).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag

from gateway.config.agreement_file import Basis, ValiditySection, first_moment
from gateway.config.document import Document, Path
from gateway.config.known import Known
from gateway.config.problem import ConfigError, Gathering, Problem
from gateway.config.shape import Section, shape, unknown
from gateway.config.words import AgreementId, CallerSystem, Department, Named, Text
from gateway.model.query import LegalBasisKind
from gateway.model.usage import SearchRight

_ALL: Final = "all"
Types = Annotated[
    Annotated[tuple[Named, ...], Field(min_length=1), Tag("<types>")] | Annotated[Literal["all"], Tag("<all>")],
    Discriminator(lambda value: "<all>" if isinstance(value, str) else "<types>"),
]


class SearchRightsFile(Section):
    """A file of rights to search."""

    search_rights: tuple[Any, ...] = Field(min_length=1, description="the rights")


class SearchRightSection(Section):
    """One right."""

    id: AgreementId = Field(description="its name, unique; every search is recorded under it")
    title: Text | None = Field(default=None, description="for people")
    department: Department = Field(description="who may search: a unified social credit code")
    department_name: Text = Field(description="its name, as holders shall read it")
    department_region: Named = Field(description="the region whose authority vouches for the department")
    systems: Annotated[tuple[CallerSystem, ...], Field(min_length=1)] | None = Field(
        default=None, description="which of its systems may search; every one if the key is left out"
    )
    regions: tuple[Named, ...] = Field(min_length=1, description="acts that asked one of these regions are shown")
    evidence: Types = Field(description="acts that asked for one of these kinds of evidence are shown: a list, or all")
    matters: tuple[Named, ...] = Field(min_length=1, description="codes of the matters it is for")
    legal_bases: tuple[Basis, ...] = Field(min_length=1, description="STATUTORY_DUTY or ENTRUSTED")
    valid: ValiditySection = Field(description="when it is in force, {from, to}")


@dataclass(frozen=True, slots=True)
class WrittenRight:
    """A right to search, and where it is written."""

    right: SearchRight
    document: Document
    path: Path


def read_search_rights(document: Document, known: Known) -> tuple[tuple[WrittenRight, ...], tuple[Problem, ...]]:
    """The rights of one file that can be used, and every problem of the others. Raises ConfigError if it is no such file."""
    gathering = Gathering()
    count = len(shape(document, SearchRightsFile).search_rights)
    found = [gathering.attempt(_written, document, ("search_rights", index), known) for index in range(count)]
    return tuple(each for each in found if each is not None), gathering.problems


def _written(document: Document, at: Path, known: Known) -> WrittenRight:
    section = shape(document, SearchRightSection, at)
    if problems := tuple(_problems(document, at, section, known)):
        raise ConfigError(problems)
    return WrittenRight(_right(section, known), document, at)


def _right(section: SearchRightSection, known: Known) -> SearchRight:
    names = known.types if section.evidence == _ALL else section.evidence
    return SearchRight(
        id=section.id,
        region=section.department_region,
        department=section.department,
        department_name=section.department_name,
        systems=None if section.systems is None else frozenset(section.systems),
        provider_regions=frozenset(section.regions),
        evidence_types=frozenset(known.types[each].code for each in names if each in known.types),
        matters=frozenset(section.matters),
        legal_bases=frozenset(LegalBasisKind(each) for each in section.legal_bases),
        valid_from=first_moment(section.valid.first),
        valid_to=first_moment(section.valid.last + timedelta(days=1)),
    )


def _problems(document: Document, at: Path, section: SearchRightSection, known: Known) -> Iterator[Problem]:
    regions = [((*at, "department_region"), section.department_region)]
    regions += [((*at, "regions", index), each) for index, each in enumerate(section.regions)]
    for where, region in regions:
        if known.regions is not None and region not in known.regions:
            yield document.problem(where, *unknown("region", region, known.regions))
    if section.evidence == _ALL or not known.every_type:
        return
    for index, name in enumerate(section.evidence):
        if name not in known.types:
            yield document.problem((*at, "evidence", index), *unknown("evidence type", name, known.aliases))
