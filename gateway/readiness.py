"""Whether everything that the gateway of one configuration shows and believes is ready: what `kuacheng certs check` finds.

Laws: reads only; works before the gateway starts and beside one that runs. The clock is judged by what others recorded: the
gateway's own callers, and the witnesses, whose clocks are not ours.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from certs import readiness, seen
from certs.findings import Finding
from certs.inventory import Role
from certs.preflight import Trust, examine
from certs.readiness import Material
from gateway.config import Loaded
from gateway.holdings import Own, own, trusted
from gateway.ledger.cosigning import Standing
from gateway.ledger.kept import kept
from gateway.ledger.note import NoteRefused
from gateway.ledger.policy import Policy, PolicyRefused


def findings(loaded: Loaded, partners: Mapping[str, bytes], now: datetime) -> tuple[Finding, ...]:
    """All that is wrong. `partners`: bundles by the name of who uses them: a region's code judges what is shown to its systems,
    any other name is a caller's. Raises Unreadable, OSError.
    """
    return tuple(dict.fromkeys(_findings(loaded, partners, now)))


def _findings(loaded: Loaded, partners: Mapping[str, bytes], now: datetime) -> Iterator[Finding]:
    ours, believed = own(loaded), trusted(loaded)
    for each in _once(ours, partners):
        yield from readiness.ready(each, now)
    for holding in believed:
        yield from examine(Trust(name=str(holding.file), authorities=holding.pem), now)
    bundles = (each.file for each in believed if each.file)
    others = (*(each.certificate for each in ours), *(each.published for each in ours if each.published), *bundles)
    yield from readiness.rights("files", keys=(each.key for each in ours), others=others)
    yield from readiness.clock(now, _recorded(loaded))
    yield from _witnessed(loaded)


def _once(ours: tuple[Own, ...], partners: Mapping[str, bytes]) -> tuple[Material, ...]:
    """One certificate is shown to many systems: judged once, by every partner's bundle that applies to one of its uses."""
    found: dict[tuple[Path, Role], Material] = {}
    for each in ours:
        at = (each.certificate, each.use.role)
        before = found[at].partners if at in found else {}
        fit = {name: pem for name, pem in partners.items() if _judges(name, each)}
        found[at] = Material(
            name=str(each.certificate),
            role=each.role,
            certificate=each.certificate_pem,
            key=each.key_pem,
            published=each.published_pem if each.published else None,
            partners=MappingProxyType({**before, **fit}),
        )
    return tuple(found.values())


def _judges(name: str, ours: Own) -> bool:
    region, slash, _system = ours.use.by.partition("/")
    return name == region if slash else not name.isdecimal()


def _recorded(loaded: Loaded) -> Mapping[str, datetime]:
    """When each source recorded something last, by that source."""
    try:
        callers = seen.read(seen.beside(loaded.beside))
    except sqlite3.Error:
        return {}
    return {"the record of callers": max(each.last_seen for each in callers)} if callers else {}


def _witnessed(loaded: Loaded) -> Iterator[Finding]:
    """The kept checkpoint was written by our clock right after witnesses had stated a moment by theirs."""
    wanted = loaded.witnesses
    if wanted is None or (note := kept(wanted.kept)) is None:
        return
    try:
        stated = datetime.fromtimestamp(Standing.parse(note, Policy.parse(wanted.policy)).moment, UTC)
    except (NoteRefused, PolicyRefused):
        return  # judged where the witnesses are, not here
    yield from readiness.clocks_differ("the witnesses", datetime.fromtimestamp(wanted.kept.stat().st_mtime, UTC), stated)
