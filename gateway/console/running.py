"""The console's composition root: what it watches, what it reads, where it listens.

Laws: it opens the evidence log for reading, and for writing only for the one entry of a search; an entry is durable before what was found
is shown; where the log that it knows takes none, because another follows it, the configuration is read anew and that one has the entry.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway import acts, storage
from gateway.clock import SystemClock
from gateway.config import ConfigError, Loaded, load
from gateway.config.words import Address
from gateway.console import expiry
from gateway.console.access import Role
from gateway.console.pages import Console
from gateway.console.server import Door, mutual_tls, serving
from gateway.console.watching import INTERVAL, Watch
from gateway.ledger.reader import Reader
from gateway.ledger.receipts import LogReceipts
from gateway.ledger.records import LogUnusable
from gateway.model.act import Act, HostRole
from gateway.model.exchange import Fact, Recorded
from gateway.model.refusal import Refusal
from gateway.ports import Clock

DEFAULT: Final = Address("127.0.0.1", 9463)
"""Where it listens if gateway.yaml does not say: below the usual port of metrics, for those of workers are above it."""
_PATIENCE: Final = ClientTimeout(total=5.0)
_MOST_METRICS: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Running:
    """A console that serves. `address` has the scheme and the real port."""

    address: str
    watch: Watch


@asynccontextmanager
async def console(
    path: Path, environment: Mapping[str, str], metrics: Sequence[str], clock: Clock | None = None, interval: float = INTERVAL
) -> AsyncIterator[Running]:
    """Serves within the context. `metrics` are the URLs of each worker's, `interval` in seconds.

    Raises ConfigError, DenyListUnusable, OSError.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(timeout=_PATIENCE))
        watch = Watch(partial(load, path, environment), [partial(_read, session, each) for each in metrics], clock, expiry.lives)
        stack.push_async_callback(watch.close)
        made = _console(watch, clock, stack, partial(load, path, environment))
        await watch.look()
        stack.push_async_callback(_ended, asyncio.create_task(watch.run(interval)))
        address = await stack.enter_async_context(serving(made, _door(watch)))
        yield Running(address, watch)


def _console(watch: Watch, clock: Clock, stack: AsyncExitStack, renewed: Callable[[], Loaded]) -> Console:
    opening = storage.opening(watch.loaded)
    receipts = LogReceipts(*storage.openings(watch.loaded), cosigned=storage.cosigned(watch.loaded))
    reader = Reader("kuacheng-console")
    hand = ThreadPoolExecutor(1, "kuacheng-console-acts")
    stack.push_async_callback(receipts.close)
    stack.push_async_callback(reader.close)
    stack.callback(hand.shutdown)

    async def record(facts: Mapping[str, Fact]) -> Recorded:
        return await asyncio.get_running_loop().run_in_executor(hand, _record, watch.loaded, facts, renewed)

    return Console(watch, opening, receipts, reader, record, clock)


def _record(loaded: Loaded, facts: Mapping[str, Fact], renewed: Callable[[], Loaded]) -> Recorded:
    """Raises Refusal, LogUnusable."""
    record = partial(acts.record_by_command, act=Act.LOG_SEARCHED, facts=facts, role=HostRole.CONSOLE)
    try:
        return record(loaded)
    except (Refusal, LogUnusable):
        try:
            newer = renewed()
        except ConfigError:
            newer = loaded
        if newer.settings.log == loaded.settings.log:
            raise
        return record(newer)


def _door(watch: Watch) -> Door:
    """Roles are those of the configuration as it is; what TLS shows is that of the start."""
    wanted, material = watch.loaded.settings.console, watch.loaded.console
    address = wanted.address if wanted else DEFAULT
    tls = mutual_tls(material.certificate, material.key, material.authorities) if material else None
    return Door(address.host, address.port, tls, lambda: _roles(watch.loaded), lambda: watch.denied)


def _roles(loaded: Loaded) -> Mapping[str, Role]:
    return {uri: Role(role) for uri, role in loaded.console.roles.items()} if loaded.console else {}


async def _read(session: ClientSession, url: str) -> str:
    """Raises OSError, TimeoutError, ValueError."""
    try:
        async with session.get(url, allow_redirects=False) as answer:
            content = await answer.content.read(_MOST_METRICS)
            if answer.status != 200 or not answer.content.at_eof():  # noqa: PLR2004  what HTTP calls fine
                raise ValueError("no metrics, or too many")
            return content.decode()
    except ClientError as error:
        raise OSError(type(error).__name__) from error


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
