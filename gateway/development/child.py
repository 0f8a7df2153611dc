"""`python -m gateway.development.child MODULE ARGUMENT...`: as `python -m MODULE`, and ended when standard input ends.

For programs that somebody starts through a pipe and must not leave behind, however they end themselves: a killed one can tell nobody,
but its end of the pipe is closed.
"""

import os
import runpy
import signal
import sys
from threading import Thread

_AT_ONCE = 4096


def _end_with(descriptor: int) -> None:
    while os.read(descriptor, _AT_ONCE):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Is the module, from now on."""
    Thread(target=_end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
