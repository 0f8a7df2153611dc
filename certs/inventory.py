"""Every certificate that a gateway has to do with, once each, with who uses it as what.

Laws: pure; a certificate is one item however many use it, known by its fingerprint; the order is that of the hurry: what ends
first stands first. What is due is judged by the part of life that is left, as `certs.preflight` does, or by a span of time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from certs.facts import Facts, all_facts
from certs.preflight import RENEW_BELOW
from certs.seen import Seen


class Role(StrEnum):
    """As what a certificate is used: shown to callers, shown to cities, given to peers to know us by, believed, or shown to us."""

    SERVED = "served"
    PRESENTED = "presented"
    PUBLISHED = "published"
    TRUSTED = "trusted"
    SEEN = "seen"


OURS: Final = frozenset({Role.SERVED, Role.PRESENTED})
"""The roles of what we renew ourselves."""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """Who uses a certificate as what. `by` names a part of the gateway, such as `440100/g1`; it is empty for what is only seen."""

    role: Role
    by: str

    def __str__(self) -> str:
        """`presented 440100/g1`."""
        return f"{self.role} {self.by}".strip()


@dataclass(frozen=True, slots=True)
class Holding:
    """A file of certificates and its use. `file` is None where nobody knows it, `generation` empty where it is in none."""

    use: Use
    file: Path | None
    generation: str
    pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One certificate. `place` is its place in its file, 1 for the first; `last_seen` None where no caller has shown it."""

    facts: Facts
    uses: tuple[Use, ...]
    place: int = 1
    file: Path | None = None
    generation: str = ""
    last_seen: datetime | None = None

    @property
    def ours(self) -> bool:
        """Whether it is for us to renew: a leaf that we show."""
        return not self.facts.authority and any(each.role in OURS for each in self.uses)


def inventory(holdings: Iterable[Holding], callers: Iterable[Seen]) -> tuple[Item, ...]:
    """All of them, what ends first in front. Raises ValueError, which names the use, for a file that cannot be read."""
    items: dict[str, Item] = {}
    for holding in holdings:
        for place, facts in enumerate(_read(holding), 1):
            fresh = Item(facts, (), place, holding.file, holding.generation)
            known = items.get(facts.fingerprint, fresh)
            items[facts.fingerprint] = replace(known, uses=_with(known.uses, holding.use))
    for caller in callers:
        known = items.get(caller.fingerprint) or Item(_facts(caller), ())
        items[caller.fingerprint] = replace(known, uses=_with(known.uses, Use(Role.SEEN, "")), last_seen=caller.last_seen)
    return tuple(sorted(items.values(), key=lambda each: (each.facts.not_after, each.facts.fingerprint)))


def due(item: Item, now: datetime, expires_in: timedelta | None = None) -> bool:
    """Whether it is time to renew: two thirds of its life are over, or it ends within the span where one is given."""
    if expires_in is not None:
        return item.facts.left(now) <= expires_in
    return item.facts.fraction_left(now) < RENEW_BELOW


def _read(holding: Holding) -> tuple[Facts, ...]:
    try:
        return all_facts(holding.pem)
    except ValueError as error:
        message = f"{holding.file or holding.use}: {error}; give the PEM file as it was issued, whole"
        raise ValueError(message) from error


def _with(uses: tuple[Use, ...], use: Use) -> tuple[Use, ...]:
    return tuple(sorted({*uses, use}))


def _facts(caller: Seen) -> Facts:
    return Facts(
        uri=caller.uri,
        name="",
        issuer=caller.issuer,
        key_type=caller.key_type,
        serial=caller.serial,
        fingerprint=caller.fingerprint,
        subject_key="",
        issuer_key=caller.authority_keys[0] if caller.authority_keys else "",
        authority=False,
        not_before=caller.not_before,
        not_after=caller.not_after,
    )
