"""What became of renewals, in a small record beside the evidence log: the renewer ends after each round, and the gateway tells its metrics.

Laws: replaced by one rename, so whoever reads it sees it whole; it serves operators, so a renewal never fails for want of it; no key, no
name of a person.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

SUFFIX: Final = ".renewals"


@dataclass(frozen=True, slots=True)
class Renewals:
    """How many attempts ended how, since the record was begun, and when the next one falls due (Unix time)."""

    attempts: Mapping[str, int] = field(default_factory=dict)
    due: float = 0.0


def read(ledger: Path) -> Renewals | None:
    """The record of a gateway with this evidence log; None where there is none that can be read."""
    try:
        return Renewals(**json.loads(_path(ledger).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def note(ledger: Path, result: str, due: float | None) -> None:
    """One attempt ended so, or nothing was tried where `result` is empty; without `due` that stays. Raises OSError."""
    before = read(ledger) or Renewals()
    attempts = Counter(before.attempts) + Counter([result] if result else [])
    after = Renewals(dict(attempts), before.due if due is None else due)
    if after != before:
        fresh = _path(ledger).with_suffix(f"{SUFFIX}-{os.getpid()}")
        fresh.write_text(json.dumps(asdict(after)), encoding="utf-8")
        fresh.replace(_path(ledger))


def _path(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + SUFFIX)
