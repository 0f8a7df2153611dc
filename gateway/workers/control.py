"""The door for operators: a Unix socket by which `kuacheng reload` tells a running gateway what to do, and hears what came of it.

Laws: only the user who runs the gateway, and root, are heard, by the socket's mode and by what the kernel says of the peer; one JSON line
asks, one answers; what is no order changes nothing; what is no socket is never taken away.
"""

import asyncio
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

Order = Mapping[str, Any]
Answer = Mapping[str, Any]
Handler = Callable[[Order], Awaitable[Answer]]

_LONGEST: Final = 1 << 20
_ROOT: Final = 0
_CREDENTIALS: Final = struct.Struct("3i")


class ControlTaken(Exception):  # noqa: N818  named for what was found
    """Another gateway listens on this socket."""


class NoGateway(Exception):  # noqa: N818  named for what was found
    """Nobody answers on this socket; the message says why and what to do."""


def beside(config: Path) -> Path:
    """Where the socket is unless it is said otherwise: it must be found even where the configuration cannot be read."""
    return config.with_suffix(".control")


@asynccontextmanager
async def control(path: Path, handle: Handler) -> AsyncIterator[None]:
    """Listens within the context. Raises ControlTaken, OSError."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            if _is_allowed(writer.get_extra_info("socket")):
                writer.write(json.dumps(await _answer(await reader.readline(), handle), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, sock=_bound(path), limit=_LONGEST)
    try:
        yield
    finally:
        server.close()
        _forget(path)


async def ask(path: Path, order: Order) -> Answer:
    """The gateway's answer. Raises NoGateway."""
    try:
        with _near(path) as name:
            reader, writer = await asyncio.open_unix_connection(name, limit=_LONGEST)
    except PermissionError as error:
        raise NoGateway(f"{path} is another user's; run this as the user who runs the gateway") from error
    except OSError as error:
        raise NoGateway(f"no gateway listens on {path}; is it running, and is this its --config or --control?") from error
    try:
        writer.write(json.dumps(order).encode() + b"\n")
        line = await reader.readline()
    except ConnectionError:
        line = b""
    finally:
        writer.close()
    if not line:
        raise NoGateway(f"the gateway on {path} did not answer; its log says why")
    answer: Answer = json.loads(line)
    return answer


async def _answer(line: bytes, handle: Handler) -> Answer:
    try:
        order = json.loads(line)
    except ValueError:
        return {"result": "refused", "problems": ["that is no order"]}
    return await handle(order) if isinstance(order, dict) else {"result": "refused", "problems": ["that is no order"]}


def _forget(path: Path) -> None:
    if path.is_socket():
        path.unlink(missing_ok=True)


def _is_allowed(peer: Any) -> bool:
    _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return uid in (_ROOT, os.geteuid())


def _bound(path: Path) -> socket.socket:
    """Bound and not listening yet, so that nobody connects before the mode is set."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _near(path) as name:
            _clear(path, name)
            made.bind(name)
            path.chmod(0o600)
    except BaseException:
        made.close()
        raise
    return made


def _clear(path: Path, name: str) -> None:
    """Takes away what a gateway left that is gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
        try:
            tried.connect(name)
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            if not path.is_socket():
                raise FileExistsError(f"{path} is there and no socket; give --control the name of a file that is not") from None
            _forget(path)
            return
    raise ControlTaken(f"another gateway listens on {path}; stop it, or give --control")


@contextmanager
def _near(path: Path) -> Iterator[str]:
    """A short name of the path: the kernel takes no more than 107 bytes."""
    folder = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
