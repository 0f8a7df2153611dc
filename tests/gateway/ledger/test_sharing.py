"""Turns and signs of life, between programs that live and die."""

import subprocess
import sys
from pathlib import Path

import pytest

import gateway
from gateway.ledger.sharing import SignOfLife, Turn, TurnNotGiven, lives, signs

ROOT = Path(gateway.__file__).parents[1]
HOLDER = """
import pathlib, sys
from gateway.ledger.sharing import SignOfLife, Turn
path = pathlib.Path(sys.argv[1])
turn, sign = Turn(path, 1.0), SignOfLife(path, "other")
with turn:
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_holds_the_turn_at_a_time(path: Path) -> None:
    one, other = Turn(path, 0.01), Turn(path, 0.01)
    with one, pytest.raises(TurnNotGiven), other:
        pass
    with other, pytest.raises(TurnNotGiven), one:
        pass
    with one:
        pass
    one.close()
    other.close()


def test_a_fault_gives_the_turn_back(path: Path) -> None:
    one, other = Turn(path, 0.01), Turn(path, 0.01)
    with pytest.raises(ZeroDivisionError), one:
        raise ZeroDivisionError
    with other:
        pass
    one.close()
    other.close()


def test_a_killed_program_holds_no_turn_and_gives_no_sign(path: Path) -> None:
    turn = Turn(path, 5.0)
    program = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(program, env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        hasty = Turn(path, 0.01)
        with pytest.raises(TurnNotGiven), hasty:
            pass
        hasty.close()
        assert (lives(path, "other"), signs(path)) == (True, ("other",))
        holder.kill()
        with turn:
            holder.wait()
            assert signs(path) == ("other",)
            assert (lives(path, "other"), signs(path)) == (False, ())
    turn.close()


def test_a_sign_lasts_as_long_as_its_owner_lets_it(path: Path) -> None:
    assert not lives(path, "a")
    sign = SignOfLife(path, "a")
    assert lives(path, "a")
    with pytest.raises(FileExistsError):
        SignOfLife(path, "a")
    sign.close()
    assert not lives(path, "a")
    again = SignOfLife(path, "a")
    assert (lives(path, "a"), signs(path)) == (True, ("a",))
    again.close()
