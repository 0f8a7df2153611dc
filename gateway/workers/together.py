"""Has several processes take up one configuration: each reads and judges it, and only when all have, all switch.

Laws: all or none: what one refuses nobody takes up, and where one cannot switch those who have are put back; all must have read the same.
A process that is gone has no say: whoever takes its place reads the files anew.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.reloading import Reloader
from gateway.workers.control import Answer, Order

_log = logging.getLogger("kuacheng.workers")
_HEALTH_SECONDS = 3.0


class Gone(Exception):  # noqa: N818  named for what was found
    """The process ended before it answered."""


class Member(Protocol):
    """One process that serves."""

    async def ask(self, order: Order) -> Answer:
        """Carries out an order. Raises Gone."""
        ...


@dataclass(frozen=True, slots=True)
class Local:
    """This process."""

    reloader: Reloader

    async def ask(self, order: Order) -> Answer:
        """As a member."""
        return await carry_out(self.reloader, order)


async def carry_out(reloader: Reloader, order: Order) -> Answer:
    """What a process does of an order, and its answer."""
    trigger = str(order.get("trigger", "command"))
    match order.get("do"):
        case "prepare":
            prepared = await reloader.prepare(trigger)
            changes = [{"how": each.how, "kind": each.kind, "name": each.name} for each in prepared.changes]
            return {"problems": list(prepared.problems), "changes": changes, "digest": prepared.digest}
        case "commit":
            return {"problems": list(await reloader.commit(trigger))}
        case "abandon":
            reloader.abandon()
            return {"problems": []}
        case "health":
            return {"problems": []}
        case "revert":
            return {"problems": list(await reloader.revert(trigger))}
    return {"problems": [f"no order {order.get('do')!r}"]}


async def take_up(members: Sequence[Member], trigger: str, *, dry_run: bool = False) -> Answer:
    """What came of it: result (applied, refused, unchanged, planned), changes, problems."""
    answers = [await _asked(each, {"do": "prepare", "trigger": trigger}) for each in members]
    ready = [member for member, each in zip(members, answers, strict=True) if each is not None and not each["problems"]]
    problems = _problems(answers)
    changes: list[Any] = next((each["changes"] for each in answers if each and not each["problems"]), [])
    if problems or dry_run:
        await asyncio.gather(*(_asked(each, {"do": "abandon"}) for each in ready))
        return {"result": "refused" if problems else "planned", "changes": changes, "problems": problems}
    faults = await _switched(ready, trigger)
    result = "refused" if faults else "applied" if changes else "unchanged"
    return {"result": result, "changes": changes, "problems": faults}


async def health(members: Sequence[Member], wanted: int) -> Answer:
    """Whether every process answers, which it does only while its event loop turns. One of them is enough to serve."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_alive(each)) for each in members]
    answering = sum(each.result() for each in asked)
    problems = [] if answering == wanted else [f"{answering} of {wanted} workers answer"]
    return {"result": "serving" if answering else "refused", "problems": problems}


async def _alive(member: Member) -> bool:
    try:
        async with asyncio.timeout(_HEALTH_SECONDS):
            return await _asked(member, {"do": "health"}) is not None
    except TimeoutError:
        return False


def _problems(answers: Sequence[Answer | None]) -> list[str]:
    told = list(dict.fromkeys(str(each) for answer in answers if answer for each in answer["problems"]))
    if told:
        return told
    if None in answers:
        return ["a worker ended meanwhile; try again"]
    if len({answer["digest"] for answer in answers if answer}) > 1:
        return ["the files changed while they were read; try again"]
    return []


async def _switched(members: Sequence[Member], trigger: str) -> list[str]:
    answers = await asyncio.gather(*(_asked(each, {"do": "commit", "trigger": trigger}) for each in members))
    faults = list(dict.fromkeys(str(each) for answer in answers if answer for each in answer["problems"]))
    if faults:
        done = [member for member, answer in zip(members, answers, strict=True) if answer and not answer["problems"]]
        back = await asyncio.gather(*(_asked(each, {"do": "revert", "trigger": "revert"}) for each in done))
        for each in (answer["problems"] for answer in back if answer and answer["problems"]):
            _log.error("a worker could not be put back to the configuration before", extra={"problems": each})
    return faults


async def _asked(member: Member, order: Order) -> Answer | None:
    try:
        return await member.ask(order)
    except Gone:
        return None
