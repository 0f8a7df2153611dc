"""What every test shares: Hypothesis judges what holds, not how long it took; a test says which program of others it needs."""

from __future__ import annotations

import importlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzzing import FUZZING, TIMES
from tests.peers import PEERS
from tests.swift import hasten, here_to_stay

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.postgresql import Server

hasten()

# C-core reads it once, when it is loaded; a test of the command line sets it for what that runs.
os.environ.pop("GRPC_VERBOSITY", None)
importlib.import_module("grpc")

# A shell ignores Ctrl-C for what it starts in the background, and so would all that the tests start and end by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples everywhere and each time, so that a run fails by what was changed alone; who looks for new ones feeds by the thousand.
settings.register_profile(
    "kuacheng",
    deadline=None,
    database=None,
    derandomize=not FUZZING,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=60 * TIMES,
)
settings.load_profile("kuacheng")

_LEAVE_OUT = "--leave-out-missing"
_TESTS = Path(__file__).parent
_LIGHT = frozenset(_TESTS / name for name in ("adapters", "certs", "deploy", "gateway"))
"""Folders whose tests take no time worth mentioning, most of them; the others run whole environments."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_LEAVE_OUT, action="store_true", help="leave tests out whose outside program is not installed, and say so")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(program): a program of tests/peers.py that this test cannot do without")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some test always waits, for a program that starts or for a deadline."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    with here_to_stay():
        return (yield)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption(_LEAVE_OUT):
        left_out = [each for each in items if _missing(each)]
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [each for each in items if each not in gone]
    items.sort(key=_turn)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if missing := _missing(item):
        pytest.fail("\n".join(missing), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption(_LEAVE_OUT):
        for peer in PEERS.values():
            if not peer.apart and not peer.is_here():
                terminalreporter.write_line(f"NOT RUN: what needs it. {peer.missing}")


def _turn(item: pytest.Item) -> int:
    """What takes long begins at once, so that no process is left with it at the end: pages are one long test each."""
    return 0 if item.path.parent == _TESTS else 2 if not _LIGHT.isdisjoint(item.path.parents) else 1


def _missing(item: pytest.Item) -> list[str]:
    needed = {name for mark in item.iter_markers("needs") for name in mark.args}
    return [PEERS[name].missing for name in sorted(needed) if not PEERS[name].is_here()]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One PostgreSQL for all tests of this process that are marked `needs("postgresql")`; whoever stops it starts it again."""
    from gateway.ledger.postgresql import connecting, functions
    from tests.postgresql import Server

    server = Server.begin()
    longer = functions.SETTINGS.replace(f"'{functions._LOCK_MILLISECONDS}'", "'30000'")
    longer = longer.replace(f"'{functions._STATEMENT_MILLISECONDS}'", "'30000'")
    with pytest.MonkeyPatch.context() as patch:  # no test waits until one of these is over: a busy machine shall not reach them
        patch.setattr(connecting, "_CONNECT_SECONDS", 30)
        patch.setattr(functions, "SETTINGS", longer)
        yield server
    server.end()
