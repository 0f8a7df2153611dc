"""What may this caller ask of whom, by the agreements in force now? No question about any holder is answered here."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.catalogue import EvidenceType
from gateway.model.identity import Caller
from gateway.model.query import FileFormat
from gateway.model.world import World


@dataclass(frozen=True, slots=True)
class Offer:
    """One evidence type of one region: the fields that this caller may see, those that it may have verified, the formats of its file.

    `presented` where the region answers for a code that the holder shows; `id_types` as the table's.
    """

    region: str
    type: EvidenceType
    fields: frozenset[str]
    verifiable: frozenset[str] = frozenset()
    formats: tuple[FileFormat, ...] = ()
    presented: bool = False
    id_types: tuple[str, ...] = ()


def survey(caller: Caller, world: World, now: datetime) -> tuple[Offer, ...]:
    """Every offer to the caller, by region and type; the fields of several agreements on one type together."""
    allowed: dict[tuple[str, str], tuple[frozenset[str], frozenset[str], bool]] = {}
    for agreement in world.agreements.get(caller.department, ()):
        named = agreement.systems is None or caller.system in agreement.systems
        if named and agreement.region == caller.region and agreement.valid_from <= now < agreement.valid_to:
            for code, grant in agreement.grants.items():
                key = (agreement.provider_region, code)
                seen, verified, filed = allowed.get(key, (frozenset(), frozenset(), False))
                allowed[key] = seen | grant.fields, verified | grant.verifiable, filed or grant.download
    return tuple(
        Offer(
            region=region,
            type=table.type,
            fields=seen,
            verifiable=verified,
            formats=table.files if filed else (),
            presented=bool(seen) and table.presenting is not None,
            id_types=table.id_types,
        )
        for (region, code), (seen, verified, filed) in sorted(allowed.items())
        if (table := world.tables.get((region, code)))
    )
