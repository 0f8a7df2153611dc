"""Which certificates come in, for the record that operators look at: who is still on a CA that is to go, for instance.

Laws: a call waits for nothing of this; a certificate that another names is noted only where that one is believed, or anybody could put
names into the record.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from typing import Final

from certs.seen import Sightings
from gateway.model.identity import Peer
from gateway.model.refusal import Refusal
from gateway.model.world import World
from gateway.ports import Clock
from gateway.stages.identify import identify

_EVERY_SECONDS: Final = 2.0
"""Between two looks whether a certificate came in that the record does not have."""

_log = logging.getLogger("kuacheng.app")


def note(sightings: Sightings, world: Callable[[], World], clock: Clock, peer: Peer) -> None:
    """A call came from this peer."""
    sightings.note(peer.leaf, peer.chain)
    if peer.forwarded is not None:
        with contextlib.suppress(Refusal):
            identify(peer, world().trust, clock.now())
            sightings.note(peer.forwarded.leaf, peer.forwarded.chain)


async def keep(sightings: Sightings) -> None:
    """Writes what was noted, until it is cancelled."""
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        await write(sightings)


async def write(sightings: Sightings) -> None:
    """The record serves operators: where it cannot be written, that is said, and calls go on."""
    try:
        await asyncio.to_thread(sightings.flush)
    except sqlite3.Error as error:
        _log.warning("the record of callers' certificates could not be written", extra={"kind": type(error).__name__})
