"""Refuses what is too much: before the question is received and read, in fair shares, at a fraction of what an exchange costs.

Laws: whom there is room for is handled as ever; who is refused is told OVERLOADED and when to come again, by a status that was made once.
The more are refused for each that ends, the later they are asked to come, and never all at the same moment. Health is never refused.
gRPC receives a message before it calls the handler of one; the handler of a stream it calls first. On the wire the two are the same, so
while the door is crowded a method is looked up as a stream, and its question is received only where it is let in.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import grpc

from gateway.model.refusal import Reason, Refusal
from gateway.model.world import Limits
from gateway.rpc.door import Door
from gateway.rpc.metering import Metering
from gateway.rpc.status import WORDINGS, worded

_CODE: Final = WORDINGS[Reason.OVERLOADED].code
_SECONDS: Final = 1.0
"""After which the advice is reckoned anew."""
_STEPS: Final = 16
_SPREAD: Final = tuple(0.5 + (number * 0.618034) % 1.0 for number in range(_STEPS))
"""From a half to one and a half, each far from those before it (the golden ratio): who is refused together does not return together."""
_TIMES: Final = (1, 2, 4, 8)
"""How much later than the reason's own delay: by how many are refused for each that ends."""

Trailer = tuple[tuple[str, bytes], ...]


def _trailer(times: float) -> Trailer:
    status = worded(Refusal(Reason.OVERLOADED, ""), after=WORDINGS[Reason.OVERLOADED].after * times)
    return (("grpc-status-details-bin", status.SerializeToString()),)


class Advice:
    """When to come again: a trailer for each refusal. `left()` counts what has ended; `monotonic` in seconds."""

    def __init__(self, left: Callable[[], int], monotonic: Callable[[], float]) -> None:
        self._left = left
        self._monotonic = monotonic
        self._trailers = tuple(tuple(_trailer(times * spread) for spread in _SPREAD) for times in _TIMES)
        self._later = 0
        self._refused = 0
        self._since, self._left_then = monotonic(), left()

    def next(self) -> Trailer:
        """The next one's."""
        self._refused += 1
        if self._monotonic() - self._since >= _SECONDS:
            self._reckon()
        return self._trailers[self._later][self._refused % _STEPS]

    def _reckon(self) -> None:
        ended = max(1, self._left() - self._left_then)
        self._later = min((self._refused // ended).bit_length(), len(_TIMES) - 1)
        self._refused, self._since, self._left_then = 0, self._monotonic(), self._left()


class Shedding:
    """Stands between gRPC and the methods of one answer. `limits()` are those in force."""

    def __init__(self, door: Door, limits: Callable[[], Limits], metering: Metering) -> None:
        self._door = door
        self._limits = limits
        self._meter = metering.meter
        self._advice = Advice(lambda: door.left, metering.monotonic)
        self._message = worded(Refusal(Reason.OVERLOADED, "")).message

    def crowded(self) -> bool:
        """Whether methods are to be looked up by `guarded`."""
        return self._door.crowded(self._limits())

    def guarded(self, service: str, method: str, inner: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Any]:
        """The handler of one method while it is crowded, for gRPC a stream."""
        door, meter = self._door, self._meter

        async def judge(_questions: Any, context: Any) -> None:
            if not door.has_room(_who(context), self._limits()):
                door.turn_away(Reason.OVERLOADED)
                meter.turned_away(service, method, _CODE.name)
                context.set_code(_CODE)
                context.set_details(self._message)
                context.set_trailing_metadata(self._advice.next())
                return
            question = await context.read()
            if question is not grpc.aio.EOF:
                await context.write(await inner(question, context))

        return judge


class Methods(grpc.GenericRpcHandler):
    """The methods of one service, as they are handled while there is room and while it is crowded; by full name."""

    def __init__(self, calm: Mapping[str, Any], crowded: Mapping[str, Any], is_crowded: Callable[[], bool]) -> None:
        self._calm = calm
        self._crowded = {**calm, **crowded}
        self._is_crowded = is_crowded

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler, or None where it is none of ours."""
        handlers = self._crowded if self._is_crowded() else self._calm
        return handlers.get(handler_call_details.method)


def _who(context: Any) -> bytes:
    """As services reckon it: the certificate, because a system may come over many connections."""
    return b"".join(context.auth_context().get("x509_pem_cert", ()))
