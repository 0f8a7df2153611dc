"""The log's witnesses as a running gateway has them: asked from its start on, and needed for each answer where they are configured."""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Final

from gateway import storage
from gateway.clock import fraction
from gateway.config import Loaded, WitnessMaterial
from gateway.ground import Ground
from gateway.ledger import kept
from gateway.ledger.cosigning import Collector, Watched
from gateway.ledger.keys import signers
from gateway.ledger.policy import Policy, PolicyRefused, collecting_faults
from gateway.ledger.source import LogSource
from gateway.ledger.submitting import HttpPost
from gateway.ports import Ledger

_FIRST_ROUND_SECONDS: Final = 5.0
"""That serving waits for the witnesses' first answers; without them it serves, and refuses what needs them."""


def problems(loaded: Loaded) -> tuple[str, ...]:
    """What keeps the witnesses from being asked, if there are any."""
    wanted = loaded.witnesses
    if wanted is None:
        return ()
    try:
        policy = Policy.parse(wanted.policy)
    except PolicyRefused as refused:
        return (f"policy of the witnesses: {refused}",)
    keys = [each.verifier for each in signers(loaded.settings.log, loaded.log_keys)]
    faults = collecting_faults(policy, keys, authorities=wanted.authorities is not None)
    return tuple(f"policy of the witnesses: {each}" for each in faults)


async def watched(ground: Ground, ledger: Ledger) -> Ledger:
    """The ledger that needs its witnesses, if it has any, who are asked from now on until the stack ends."""
    wanted = ground.loaded.witnesses
    if wanted is None:
        return ledger
    collector = await _collector(ground, wanted)
    first = asyncio.Event()

    def told(faults: Sequence[str]) -> None:
        ground.metrics.witnesses_failed(faults)
        first.set()

    ground.metrics.witnessed(lambda: collector.age(ground.clock.now()))
    ground.keep("witnesses", lambda: collector.run(asyncio.Event(), fraction, wanted.interval, told))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(first.wait(), _FIRST_ROUND_SECONDS)
    return Watched(ledger, collector, ground.clock, wanted.limit)


async def _collector(ground: Ground, wanted: WitnessMaterial) -> Collector:
    trust = ssl.create_default_context(cadata=wanted.authorities.decode()) if wanted.authorities else None
    return Collector(
        LogSource(storage.opening(ground.loaded)),
        Policy.parse(wanted.policy),
        await ground.stack.enter_async_context(HttpPost(trust)),
        ground.clock,
        kept=storage.kept(ground.loaded),
        keep=partial(kept.keep, wanted.kept),
    )
