"""Whether each city's system is reached and lets us in, and how its clock stands to ours. Asks about nobody."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from adapters.connectors.greeting import Greeted, Greeting
from certs.readiness import CLOCK_TOLERANCE
from gateway.checking.line import Category, Line, fine, found
from gateway.checking.wording import Fault
from gateway.config import Loaded, System
from gateway.connecting import connector
from gateway.model.refusal import Reason, Refusal
from gateway.ports import Clock

_PATIENCE: Final = 5.0
"""Seconds for one system, or its own timeout where that is shorter."""
_FAULTS: Final[Mapping[Reason, Fault]] = MappingProxyType(
    {
        Reason.CITY_TIMEOUT: Fault.CITY_SLOW,
        Reason.CITY_REFUSED: Fault.CITY_NOT_LET_IN,
        Reason.CITY_ANSWER_INVALID: Fault.CITY_UNREADABLE,
    }
)


async def cities(loaded: Loaded, clock: Clock) -> tuple[Line, ...]:
    """One line a system, and one for its clock; all systems at a time."""
    each = await asyncio.gather(*(_city(system, clock) for system in loaded.systems.values()))
    return tuple(line for lines in each for line in lines)


async def _city(system: System, clock: Clock) -> tuple[Line, ...]:
    what, seconds = f"{system.region} {system.name}", min(_PATIENCE, system.timeout)
    try:
        adapter = connector(system, clock)
    except ValueError as error:
        return (found(Category.CITIES, what, Fault.SETTINGS_REFUSED, why=error),)
    try:
        if not isinstance(adapter, Greeting):
            return (found(Category.CITIES, what, Fault.CITY_UNTRIED),)
        async with asyncio.timeout(seconds):
            said = await adapter.greet(seconds)
    except TimeoutError:
        return (found(Category.CITIES, what, Fault.CITY_SLOW, seconds=seconds),)
    except Refusal as refusal:
        fault = _FAULTS.get(refusal.reason, Fault.CITY_UNREACHABLE)
        return (found(Category.CITIES, what, fault, why=refusal.detail, seconds=seconds),)
    finally:
        await adapter.close()
    return (_let_in(what, said), *_clock(what, said.moment, clock.now()))


def _let_in(what: str, said: Greeted) -> Line:
    if said.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return found(Category.CITIES, what, Fault.CITY_FAILING, status=said.status)
    how, how_zh = ("mutual TLS and the log-in", " TLS 双向认证与登录") if said.logged_in else ("mutual TLS", " TLS 双向认证")
    return fine(Category.CITIES, what, f"lets us in by {how}", f"已以{how_zh}接入")


def _clock(what: str, theirs: datetime | None, ours: datetime) -> tuple[Line, ...]:
    if theirs is None:
        return ()
    seconds = abs((ours - theirs).total_seconds())
    if seconds > CLOCK_TOLERANCE:
        return (found(Category.CLOCK, what, Fault.CLOCK_DIFFERS, seconds=seconds),)
    return (
        fine(Category.CLOCK, what, f"within {max(1, round(seconds))} s of ours", f"与本机相差不超过 {max(1, round(seconds))} 秒"),
    )
