"""Whether a connection of our own was accepted by this process: several processes may listen on one address.

Law: read from what the kernel says, for a count of what came in cannot tell our connection from a caller's.
Source: proc(5), /proc/net/tcp and /proc/<pid>/fd. Where there is no /proc it cannot be told, and None is the answer.
"""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_TABLES: Final = ("/proc/self/net/tcp", "/proc/self/net/tcp6")
TELLS: Final = Path(_TABLES[0]).exists()
"""Whether the kernel tells at all."""
_LOCAL, _REMOTE, _INODE = 1, 2, 9
_NOBODY: Final = "0"


def accepted_here(near: socket.socket) -> bool | None:
    """True where the other end of `near` is this process's, False where it is another's, None where nobody has it (yet) or knows."""
    try:
        inode = _inode(near.getpeername()[1], near.getsockname()[1])
        return None if inode in (None, _NOBODY) else f"socket:[{inode}]" in set(_ours())
    except OSError:
        return None


def _inode(local: int, remote: int) -> str | None:
    """Of the end that has these ports, whatever the addresses: a port of ours is given once."""
    ends = (f":{local:04X}", f":{remote:04X}")
    for table in _TABLES:
        with suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                parts = line.split()
                if parts[_LOCAL].endswith(ends[0]) and parts[_REMOTE].endswith(ends[1]):
                    return parts[_INODE]
    return None


def _ours() -> Iterator[str]:
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            yield str(each.readlink())
