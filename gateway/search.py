"""The second corridor: somebody asks who looked at a holder's data, and is told or refused, and either way it is recorded.

Laws: nothing is told before the search is recorded, and what cannot be recorded is not told; a search keeps the World that it began with.
Between the two readings of the log everything is pure.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.model.exchange import EntryKind
from gateway.model.refusal import Refusal
from gateway.model.usage import Page, Search, Searched, Searching, Usage, UsageQuestion
from gateway.model.world import World
from gateway.ports import Clock, Ledger, Usages
from gateway.stages import seal, usage
from gateway.stages.entitle import entitle
from gateway.stages.identify import identify


@dataclass(frozen=True, slots=True)
class Ports:
    """What a search needs of the world outside."""

    usages: Usages
    ledger: Ledger
    clock: Clock


async def search(asked: Search, world: World, ports: Ports) -> Searched:
    """One search. Raises Refusal, recorded."""
    known = Searching(asked)
    try:
        known = Searching(asked, caller := identify(asked.peer, world.trust, asked.received))
        known = Searching(asked, caller, question := asked.question())
        known = Searching(asked, caller, question, entitle(caller, question, world, asked.received))
        found = await ports.usages.about(_holders(question, world), question.period)
        page = usage.paged(found, known, world)
        usages = await _worded(page, world, ports)
    except Refusal as refusal:
        await asyncio.shield(ports.ledger.append(seal.search_declined(known, refusal, ports.clock.now(), world)))
        raise
    recorded = await asyncio.shield(ports.ledger.append(seal.searched(known, page, ports.clock.now(), world)))
    return Searched(asked, usages, page, recorded)


def _holders(question: UsageQuestion, world: World) -> Mapping[str, str]:
    """The names that entries may have for the holder, by the key's id: one by each key that the gateway still has."""
    holder = question.holder
    return {key.id: seal.holder_hash(key, holder.id_type, holder.id_number) for key in world.holder_keys}


async def _worded(page: Page, world: World, ports: Ports) -> tuple[Usage, ...]:
    intents = frozenset(each.entry.exchange_id for each in page.looks if each.entry.kind is EntryKind.INTENT)
    endings = await ports.usages.endings(intents) if intents else MappingProxyType({})
    return tuple(usage.worded(each, endings.get(each.entry.exchange_id), world) for each in page.looks)
