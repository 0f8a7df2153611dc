"""What the corridor needs of the world outside, as Protocols. One conformance suite each; see tests/gateway/ports."""

from asyncio import Future
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

from gateway.model.city import CityAnswer, CityFile, CityRequest, CityTicket
from gateway.model.deferral import Deferral
from gateway.model.exchange import Checkpointed, Ended, Entry, Gone, Logged, Recorded
from gateway.model.usage import Looks, Period


class CityAdapter(Protocol):
    """One system of one city."""

    async def ask(self, request: CityRequest, seconds: float) -> CityAnswer | CityTicket:
        """Asks once, within `seconds`. Raises Refusal with blame COUNTERPARTY for whatever goes wrong over there.

        PRESENTED_CODE_REFUSED where it does not take the code of a question that has `once`; Unasked where nothing of it went out.

        A CityTicket where the city answers later; only a LateAdapter gives one, and only it is asked with one.
        """
        ...

    async def close(self) -> None:
        """Ends its connections."""
        ...


class LateAdapter(CityAdapter, Protocol):
    """One system of one city that may answer later."""

    async def ready(self, request: CityRequest, seconds: float) -> bool:
        """Whether the answer to the ticket of `request` is there; it is not read. Raises as `ask`."""
        ...


@runtime_checkable
class FileSource(Protocol):
    """A system that gives files. Those to which no table with `files` leads need not be one."""

    def fetch(self, request: CityRequest, file: CityFile, seconds: float) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The file's bytes as they come, of a record that `request` brought; nothing more is read than is taken, and nothing kept.

        The iterator ends only where the city says that the file is whole. Raises as `CityAdapter.ask`, on entering and on each step.
        """
        ...


class Ledger(Protocol):
    """The evidence log."""

    def append(self, entry: Entry) -> Future[Recorded]:
        """Queues the entry at once, in the order of the calls; the future ends when it is durable.

        Whoever stops waiting does not take the entry back. Raises Refusal: REPLAYED_REQUEST for an INTENT whose replay_key stands
        already, LEDGER_UNAVAILABLE when it could not be made durable.
        """
        ...


class Receipts(Protocol):
    """The evidence log, read for those whose exchanges it holds. Never waits for, nor holds up, what is being recorded."""

    async def find(self, exchange_id: str) -> tuple[Logged | Gone, ...]:
        """The entries of an exchange, in order, each with its proof under the newest checkpoint; empty where there is none.

        What was purged is told as gone.

        Raises Refusal: LEDGER_UNAVAILABLE when the log cannot be read.
        """
        ...

    async def checkpoint(self) -> Checkpointed:
        """The newest checkpoint. Raises as `find`."""
        ...


class Usages(Protocol):
    """The evidence log, read for a holder. Never waits for, nor holds up, what is being recorded."""

    async def about(self, holders: Mapping[str, str], period: Period) -> Looks:
        """The acts of this period about one holder: `holders` has the keyed hash that names them, by the id of its key.

        Raises Refusal: LEDGER_UNAVAILABLE when the log cannot be read.
        """
        ...

    async def endings(self, exchange_ids: Collection[str]) -> Mapping[str, Entry]:
        """The OUTCOME of each of these exchanges that has one. Raises as `about`."""
        ...


class Deferrals(Protocol):
    """The tickets of questions that cities answer later."""

    async def keep(self, deferral: Deferral) -> None:
        """Returns when it is durable. Raises Refusal: LEDGER_UNAVAILABLE when it could not be made so."""
        ...

    async def find(self, key: str) -> Deferral | None:
        """What is kept of the question that was asked under this replay key. Raises as `keep`."""
        ...


class Clock(Protocol):
    """The one home of time."""

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...


class Meter(Protocol):
    """What is counted and logged of each exchange."""

    def ended(self, ended: Ended) -> None:
        """One exchange ended."""
        ...
