"""Operators' acts become entries of the evidence log: the gateway's own, and those of commands while a gateway runs.

Laws: one function for a gateway that has the log open, `record`, and one for a command that opens it for one entry, `record_by_command`;
an act that must not go unrecorded is recorded before it takes effect, and what cannot be recorded is not done. docs/ledger.md tells how to
add one.
Source: GB/T 22239 8.1.4.3.
"""

import asyncio
import os
import pwd
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway import storage
from gateway.clock import SystemClock, new_id
from gateway.config import Loaded, LogPlace
from gateway.model.act import Act, Actor, HostRole
from gateway.model.exchange import Fact, Recorded
from gateway.ports import Clock, Ledger
from gateway.stages import seal

_OPERATOR: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,62}[A-Za-z0-9])?")
_LIKE_A_NUMBER: Final = re.compile(r"[0-9]{15}")
_NO_FACTS: Final[Mapping[str, Fact]] = MappingProxyType({})


class OperatorUnclear(ValueError):  # noqa: N818 - named for what was found
    """An operator's id that must not stand in the log; the message says what to give instead."""


def actor(role: HostRole, operator: str = "") -> Actor:
    """Who acts in this program. `operator` is an id of the operator's own account, empty where none was given. Raises OperatorUnclear."""
    if operator and (not _OPERATOR.fullmatch(operator) or _LIKE_A_NUMBER.search(operator)):
        raise OperatorUnclear("an operator's id has 1 to 64 letters, digits, '.', '_', '@' or '-', and is no person's number")
    return Actor(_os_user(), operator, role)


def record(ledger: Ledger, clock: Clock, act: Act, by: Actor, facts: Mapping[str, Fact] = _NO_FACTS) -> asyncio.Future[Recorded]:
    """Queues the act's entry; the future ends when it is durable. Raises Refusal as gateway.ports.Ledger says."""
    return ledger.append(seal.act(act, by, new_id(), clock.now(), facts))


def record_by_command(
    loaded: Loaded,
    act: Act,
    *,
    operator: str = "",
    facts: Mapping[str, Fact] = _NO_FACTS,
    place: LogPlace | None = None,
    role: HostRole = HostRole.COMMAND,
) -> Recorded:
    """The same from a program that has no log open; a gateway may be writing to it meanwhile. Durable when it returns.

    `place` is one of the logs that the configuration names; without it, the one that is written.
    Raises OperatorUnclear, LogUnusable, Refusal. Not within an event loop.
    """
    by = actor(role, operator)
    if place is None:
        storage.check_begun(loaded)

    async def once() -> Recorded:
        ledger = storage.ledger_at(place) if place else storage.ledger(loaded)
        try:
            return await record(ledger, SystemClock(), act, by, facts)
        finally:
            await ledger.close()

    return asyncio.run(once())


def _os_user() -> str:
    """By the system's own register, for a variable such as USER says whatever somebody likes."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
