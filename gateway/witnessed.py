"""The log's witnesses as a running gateway has them: asked from its start on, and needed for each answer where they are configured."""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Final

from gateway import storage
from gateway.clock import fraction
from gateway.config import Loaded, Problem, WitnessMaterial
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


def problems(loaded: Loaded) -> tuple[Problem, ...]:
    """What keeps the witnesses from being asked, if there are any."""
    at = ("ledger", "witnesses", "policy")
    return tuple(loaded.document.problem(at, f"policy of the witnesses: {each}") for each in _faults(loaded))


def _faults(loaded: Loaded) -> tuple[str, ...]:
    wanted = loaded.witnesses
    if wanted is None:
        return ()
    try:
        policy = Policy.parse(wanted.policy)
    except PolicyRefused as refused:
        return (str(refused),)
    keys = [each.verifier for each in signers(loaded.settings.log, loaded.log_keys)]
    return tuple(collecting_faults(policy, keys, authorities=wanted.authorities is not None))


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
