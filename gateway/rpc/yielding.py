"""gRPC's own threads wait until the thread that answers pauses, instead of interrupting it.

Why: gRPC reads and writes sockets on threads of its own. Woken, each takes the processor at once from whoever has it, several times in
every exchange, and what the interrupted thread had in the nearest caches goes with it. Under SCHED_BATCH a thread that wakes takes a free
processor, or its turn; docs/performance.md says what that is worth. The thread that tells our event loop of what came keeps its
precedence: with it held back as well an exchange costs half as much again.
Law: where the system does not know or allow this, all goes on as it would.
Source: sched(7), sched_setscheduler(2).
"""

import os
from contextlib import suppress
from pathlib import Path

_THREADS = frozenset({"event_engine", "lifeguard"})
"""As gRPC names them: those that do its work, and the one that makes more of them, which are scheduled as it is."""
_TASKS = Path("/proc/self/task")


def yield_to_ours() -> None:
    """Asks the system for it, for the threads that gRPC has now and those that they make."""
    with suppress(OSError, AttributeError):  # not Linux, or a container that may not
        for task in _TASKS.iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                if (task / "comm").read_text().strip() in _THREADS:
                    os.sched_setscheduler(int(task.name), os.SCHED_BATCH, os.sched_param(0))
