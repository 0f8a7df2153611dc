"""What metrics read from files at each scrape: how authorities and renewals stand. Runs on the thread that is scraped."""

import sqlite3
from collections.abc import Mapping

from certs import bundle, changing, generations, seen
from gateway import renewals
from gateway.changing import NotInGenerations, Place
from gateway.config import Loaded
from gateway.model.identity import Anchor
from gateway.ports import Clock
from gateway.telemetry.authorities import Believed
from gateway.telemetry.renewing import Stands


def authorities(loaded: Loaded, clock: Clock) -> Mapping[str, Believed]:
    """How the CAs of each region stand, and who still hangs on one that is to be retired."""
    try:
        rows = seen.read(seen.beside(loaded.beside))
    except sqlite3.Error:
        rows = ()
    return {each.region: _standing(each, rows, clock) for each in loaded.world.trust.anchors.values()}


def _standing(anchor: Anchor, rows: tuple[seen.Seen, ...], clock: Clock) -> Believed:
    members = bundle.members(anchor.authorities)
    tainted = [each for each in members if each.tainted]
    left = {who.fingerprint for each in tainted for who in changing.stragglers(each, rows, clock.now(), changing.QUIET)}
    return Believed(len(members) - len(tainted), len(tainted), len(left))


def renewing(loaded: Loaded) -> Stands:
    """What became of renewals, and what waits to be put in force."""
    told = renewals.read(loaded.beside)
    return Stands(told.attempts if told else {}, told.due if told else None, _staged(loaded))


def _staged(loaded: Loaded) -> int:
    try:
        folder = Place.of(loaded, lambda _: loaded).folder
        return sum(each.state == "staged" for each in generations.generations(folder))
    except (NotInGenerations, OSError):
        return 0
