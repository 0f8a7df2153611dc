"""How an answer leaves: whole, or in one of the ways in which connections fail.

Laws: the only place where a fault of transport touches a socket; a client that goes away ends the wait at once.
"""

import asyncio
import contextlib

from aiohttp import web

from adapters.simulation.faults import Fault
from adapters.simulation.operation import Reply

_HANG_SECONDS = 60.0
_DRIP_SECONDS = 0.1
_HUGE_CHUNK = b"A" * (64 * 1024)
_HUGE_CHUNKS = 1024


async def deliver(request: web.Request, reply: Reply, fault: Fault | None) -> web.StreamResponse:
    """Send `reply`, or send it as `fault` has it."""
    name = fault.name if fault else None
    if name in {"reset", "truncated"}:
        return await _half(request, reply, abort=name == "reset")
    if name == "huge":
        return await _huge(request, reply)
    if name == "drip":
        return await _drop_by_drop(request, reply)
    if fault and name == "latency":
        await asyncio.sleep(fault.seconds)
    if name == "hang":
        await asyncio.sleep(_HANG_SECONDS)
        return web.Response(status=504)
    return web.Response(status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type})


async def _half(request: web.Request, reply: Reply, *, abort: bool) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
    response.content_length = len(reply.body)
    response.force_close()
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        if abort:
            request.transport.abort()
        else:
            request.transport.close()
    return response


async def _drop_by_drop(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
    response.content_length = len(reply.body)
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):  # as below
        for place in range(len(reply.body)):
            await response.write(reply.body[place : place + 1])
            await asyncio.sleep(_DRIP_SECONDS)
    return response


async def _huge(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=200, headers={"Content-Type": reply.content_type})
    response.enable_chunked_encoding()
    await response.prepare(request)
    opening = b"<r>" if "xml" in reply.content_type else b'{"data":"'
    # A client that has seen enough hangs up; that is its right and no error here.
    with contextlib.suppress(ConnectionError):
        await response.write(opening)
        for _ in range(_HUGE_CHUNKS):
            await response.write(_HUGE_CHUNK)
    return response
