"""A secret that a city lends for a time: fetched once for all who need it, ahead of its end, and when the city says it ended.

Laws: at most one fetch is under way; whoever stops waiting does not stop it; while a secret serves, nobody waits for the next. What the
city refuses to lend twice is asked for ever more seldom, or a password that was changed would lock the account; whoever comes meanwhile is
refused alike, unasked. Only this adapter remembers: one made of other settings asks at once (docs/adr/0052).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from adapters.connectors.lease import Lease
from adapters.connectors.verdict import TokenExpiredError, once_asked, timed_out
from gateway.model.refusal import Reason, Refusal, Unasked, Unfinished

_PAUSE: Final = 1.0
_SHARE: Final = 0.2
_RESTS: Final = (0.0, 30.0, 120.0, 480.0, 900.0)
"""Seconds after each refusal, one behind the other, until the next try; the last goes on. One may be a slip, two are none."""
_UNSAID: Final = frozenset({Reason.CITY_UNAVAILABLE, Reason.CITY_TIMEOUT})

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Held:
    secret: str = field(repr=False)
    renew_at: float
    ends_at: float


class SharedToken:
    """One system's token. Renewed `ahead` seconds before its end, or in the last fifth of a short life, as `monotonic` tells."""

    def __init__(
        self, system: str, fetch: Callable[[], Awaitable[Lease]], monotonic: Callable[[], float], ahead: float = 300.0
    ) -> None:
        self._system = system
        self._fetch = fetch
        self._monotonic = monotonic
        self._ahead = ahead
        self._held: _Held | None = None
        self._flight: asyncio.Task[_Held] | None = None
        self._pause_until = self._rest_until = float("-inf")
        self._refused: Refusal | None = None
        self._refusals = 0

    async def current(self, seconds: float) -> str:
        """A token that serves. Waits at most `seconds`; raises Refusal as the fetch does, Unasked while it rests, or CITY_TIMEOUT."""
        held, now = self._held, self._monotonic()
        if held is None or now >= held.ends_at:
            return await self._landed(seconds)
        if now >= held.renew_at and now >= self._pause_until:
            self._take_off()
        return held.secret

    async def renewed(self, spent: str, seconds: float) -> str:
        """Another token than `spent`, which the city has refused. Raises as `current`."""
        if self._held is not None and self._held.secret == spent:
            self._held = None
        return await self.current(seconds)

    async def close(self) -> None:
        """Ends a fetch that is under way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait((self._flight,))

    async def _landed(self, seconds: float) -> str:
        if self._refused is not None and self._monotonic() < self._rest_until:
            raise self._resting(self._refused)
        flight = self._take_off()
        await asyncio.wait((flight,), timeout=seconds)
        if not flight.done():
            raise timed_out(f"{self._system} token")
        if flight.cancelled():
            raise Refusal(Reason.CITY_UNAVAILABLE, f"{self._system} token: fetching it was ended")
        return flight.result().secret

    def _take_off(self) -> asyncio.Task[_Held]:
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._renew())
            self._flight.add_done_callback(self._clear)
        return self._flight

    async def _renew(self) -> _Held:
        asked = self._monotonic()
        lease = await self._fetch()
        ends = asked + lease.seconds
        self._held = _Held(lease.secret, ends - min(self._ahead, lease.seconds * _SHARE), ends)
        return self._held

    def _clear(self, flight: asyncio.Task[_Held]) -> None:
        self._flight = None
        if flight.cancelled():
            return
        error = flight.exception()
        self._refused = error if isinstance(error, Refusal) and _is_said(error) else None
        if error is None:
            self._refusals = 0
            return
        rest, now = 0.0, self._monotonic()
        if self._refused is not None:
            rest = _RESTS[min(self._refusals, len(_RESTS) - 1)]
            self._refusals += 1
        self._rest_until = now + rest
        # A fetch ahead of time has nobody waiting for it: its failure is seen here, and the next try comes after a pause.
        self._pause_until = now + max(rest, _PAUSE)

    def _resting(self, refused: Refusal) -> Unasked:
        """The same end for who comes before the next try, with what to do."""
        told = f"{self._system} token: the city refused to lend one, and is not asked again yet; mend the credentials and reload"
        return Unasked(refused.reason, told, city_status=refused.city_status)


def _is_said(refusal: Refusal) -> bool:
    """Whether the city gave a whole answer, and that was no."""
    return refusal.reason not in _UNSAID and not isinstance(refusal, Unfinished)


async def with_token(token: SharedToken, left: Callable[[], float], attempt: Callable[[str], Awaitable[_Answer]]) -> _Answer:
    """What `attempt` yields with a token, or with a new one where the city says that the first has ended. `left` in seconds."""
    secret = await token.current(left())
    try:
        return await attempt(secret)
    except TokenExpiredError:
        pass
    with once_asked():
        return await attempt(await token.renewed(secret, left()))
