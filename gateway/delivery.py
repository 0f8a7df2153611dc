"""What follows the answer to a download: the file itself, from the city to the caller, through no more than a few chunks of memory.

Laws: only what is Sealed is delivered, so its outcome with the file's digest is durable before the first byte; the city is read as fast as
the caller reads; whatever ends a delivery early, its last chunk stays here. It writes no entry: the outcome says what was allowed to leave.
"""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.exchange import Ports
from gateway.model.exchange import Sealed
from gateway.model.refusal import Reason, Refusal
from gateway.ports import FileSource
from gateway.stages.translate import outward
from gateway.stages.withhold import Withheld


async def deliver(sealed: Sealed, ports: Ports, send: Callable[[bytes], Awaitable[None]], margin: float) -> None:
    """Fetches the file of a sealed download and sends it chunk by chunk. Raises Refusal; then the caller does not have all of it.

    `margin` is in seconds, before the call expires: the city has until then, so that the caller is told if it is late.
    """
    file = sealed.disclosure.file
    if file is None:
        return
    request = outward(sealed.route)
    source = ports.adapters[request.system]
    if not isinstance(source, FileSource):
        raise RuntimeError("a system that gives no files has announced one")  # noqa: TRY004  our fault, whatever its type
    withheld = Withheld(file)
    async with source.fetch(request, file, _left(sealed, ports) - margin) as pieces:
        async for piece in pieces:
            for chunk in withheld.pass_on(piece):
                await _sent(chunk, sealed, ports, send)
    await _sent(withheld.last(), sealed, ports, send)


async def _sent(chunk: bytes, sealed: Sealed, ports: Ports, send: Callable[[bytes], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(_left(sealed, ports)):
            await send(chunk)
    except TimeoutError:
        raise Refusal(Reason.DEADLINE_TOO_SHORT, "the caller did not read the file within its deadline") from None


def _left(sealed: Sealed, ports: Ports) -> float:
    return sealed.call.expires - ports.clock.monotonic()
