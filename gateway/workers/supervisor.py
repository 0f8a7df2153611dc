"""Runs several workers as one gateway: starts them, replaces one that ends, tells them things together, takes them down.

Laws: it serves nobody itself and knows no secret but what the configuration's reader sees; a worker that ends is replaced, one that ends
again and again is given up with an error in the log while the others go on; with the last the gateway ends. A restart starts the next
worker before it ends the one before, and stops at the first that does not come up. One worker has a seat: who would fill it waits for its
turn, and leaves it to whoever came first. A worker that was starting when files were taken up is started anew, for it may have read the
old ones.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.workers.control import Answer, Order
from gateway.workers.patience import Patience
from gateway.workers.process import NotStarted, Worker
from gateway.workers.together import health, take_up

_log = logging.getLogger("kuacheng.workers")


@dataclass(slots=True)
class _Seat:
    number: int
    worker: Worker | None = None
    filling: asyncio.Lock = field(default_factory=asyncio.Lock)
    patience: Patience = field(default_factory=Patience)


class Supervisor:
    """`arguments(n)` start worker n. `start` before anything else, then `stop`."""

    def __init__(self, count: int, arguments: Callable[[int], Sequence[str]]) -> None:
        self._seats = [_Seat(number) for number in range(count)]
        self._arguments = arguments
        self._watching: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._reloads = 0
        self._stopping = False
        self.given_up = asyncio.Event()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Those that serve now, by number."""
        return tuple(each.worker for each in self._seats if each.worker is not None and each.worker.serves)

    async def start(self) -> tuple[Worker, ...]:
        """All of them; the first alone, for it may have to make the log. Raises NotStarted, and then none is left."""
        try:
            await self._fill(self._seats[0], None)
            await asyncio.gather(*(self._fill(each, None) for each in self._seats[1:]))
        except BaseException:
            await self.stop()
            raise
        return self.workers

    async def stop(self) -> None:
        """Lets those inside finish."""
        self._stopping = True
        await asyncio.gather(*(each.stop() for each in self.workers))
        for each in self._watching:
            each.cancel()

    async def handle(self, order: Order) -> Answer:
        """What an operator orders: health, or one at a time reload and restart."""
        if order.get("do") == "health":
            return {**await health(self.workers, len(self._seats)), "workers": [each.pid for each in self.workers]}
        async with self._turn:
            match order.get("do"):
                case "reload":
                    answer = await self._reload(str(order.get("trigger", "command")), dry_run=bool(order.get("dry_run")))
                case "restart":
                    answer = await self._restart()
                case _:
                    return {"result": "refused", "problems": ["no such order"]}
        return {**answer, "workers": [each.pid for each in self.workers]}

    async def _reload(self, trigger: str, *, dry_run: bool) -> Answer:
        told = self.workers
        answer = await take_up(told, trigger, dry_run=dry_run)
        if answer["result"] in ("applied", "unchanged"):
            self._reloads += 1
            await asyncio.gather(*(each.stop() for each in self.workers if each not in told))
            self._forgive()
        return answer

    async def _restart(self) -> Answer:
        for seat in self._seats:
            async with seat.filling:
                before = seat.worker
                try:
                    await self._seat(seat)
                except NotStarted as error:
                    told = f"worker {seat.number} did not start anew: {error}; it and those after it go on as they were"
                    return {"result": "refused", "problems": [told]}
            seat.patience = Patience()
            if before is not None:
                await before.stop()
        return {"result": "restarted", "problems": []}

    async def _fill(self, seat: _Seat, gone: Worker | None) -> None:
        """Somebody takes the place of the worker that is gone, unless somebody has. Raises NotStarted."""
        async with seat.filling:
            if seat.worker is gone:
                await self._seat(seat)

    async def _seat(self, seat: _Seat) -> None:
        worker = await self._started(seat.number)
        if self._stopping:
            await worker.stop()
            return
        seat.worker = worker
        self._spawn(self._watch(seat, worker))

    async def _started(self, number: int) -> Worker:
        """One that began after files were taken up last. Raises NotStarted."""
        while True:
            before = self._reloads
            worker = await Worker.start(self._arguments(number))
            if before == self._reloads or self._stopping:
                return worker
            await worker.stop()

    async def _watch(self, seat: _Seat, worker: Worker) -> None:
        status = await worker.ended()
        if self._stopping or seat.worker is not worker:
            return
        _log.error("a worker ended and is replaced", extra={"worker": seat.number, "status": status})
        await self._replace(seat, worker)

    async def _replace(self, seat: _Seat, gone: Worker | None) -> None:
        while not self._stopping and seat.worker is gone:
            seat.patience = seat.patience.after(asyncio.get_running_loop().time())
            if seat.patience.pause is None:
                self._give_up(seat)
                return
            await asyncio.sleep(seat.patience.pause)
            try:
                await self._fill(seat, gone)
            except NotStarted as error:
                _log.error("a worker did not start", extra={"worker": seat.number, "problems": [str(error)]})
            else:
                return

    def _give_up(self, seat: _Seat) -> None:
        seat.worker = None
        _log.error("a worker ends again and again and is given up; mend what its own lines say, then kuacheng reload")
        if not self.workers:
            self.given_up.set()

    def _forgive(self) -> None:
        """Who was given up gets another chance under the new configuration."""
        for seat in self._seats:
            if seat.worker is None and seat.patience.pause is None:
                seat.patience = Patience()
                self._spawn(self._replace(seat, None))

    def _spawn(self, watching: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(watching)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)


def reserved(host: str, port: int) -> socket.socket:
    """Keeps an address for our workers, who listen on it; nothing reaches the socket itself. Raises OSError where somebody has it."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind(address)
        alone.listen(0)  # what only a listener conflicts with: connections that are ending do not
    kept = socket.socket(family, kind, protocol)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    kept.bind(address)
    return kept
