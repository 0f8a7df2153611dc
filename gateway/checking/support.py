"""The support bundle: what somebody else needs to look at a gateway in trouble, and nothing that is not theirs to see.

Laws: each part is put together of named values, never copied whole; a log line gives only the fields that the access log may have, and a
line of another form is counted and left out; secrets are masked where the configuration is shown; whatever still has the form of a
resident's number is struck out.
"""

import io
import json
import platform
import re
import sqlite3
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from gateway import storage
from gateway.checking.line import Line
from gateway.config import Loaded
from gateway.config.effective import effective
from gateway.ledger.records import LogUnusable
from gateway.model.exchange import Ended
from gateway.reloading import lives

_NUMBER: Final = re.compile(rb"(?<![0-9])(?<![0-9]\.)[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_STRUCK: Final = b"*" * 18
_LINES: Final[Mapping[str, frozenset[str]]] = {
    "exchange": frozenset({"event", *Ended._fields}),
    "log": frozenset(
        {"event", "level", "logger", "message", "exchange_id", "kind", "where", "edition", "count", "generation", "trigger"}
    ),
}
_NEWEST: Final = 20_000
"""Lines of the log, from its end."""


def parts(loaded: Loaded | None, lines: Iterable[Line], metrics: str, log: Iterable[str]) -> Mapping[str, bytes]:
    """The files of the bundle by name. `loaded` is None where the configuration does not read, `metrics` a scrape or empty."""
    made: dict[str, Any] = {"about.json": _about(), "check.json": [asdict(each) for each in lines]}
    if loaded is not None:
        made["configuration.json"] = [asdict(each) for each in effective(loaded)]
        made["certificates.json"] = [dict(zip(("role", "of", "begun", "ends"), each, strict=True)) for each in lives(loaded)]
        made["ledger.json"] = _ledger(loaded)
    kept = list(_kept(list(log)[-_NEWEST:]))
    texts = {name: json.dumps(value, ensure_ascii=False, indent=1, default=str) for name, value in made.items()}
    texts |= {"metrics.txt": metrics, "gateway.log": "".join(f"{each}\n" for each in kept)}
    return {name: _NUMBER.sub(_STRUCK, text.encode()) for name, text in texts.items()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz; readable by its owner only, and of no moment."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"kuacheng-support/{name}")
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return whole.getvalue()


def _about() -> dict[str, str]:
    return {
        "kuacheng": version("kuacheng"),
        "python": platform.python_version(),
        "grpc": version("grpcio"),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _ledger(loaded: Loaded) -> dict[str, object]:
    if isinstance(loaded.ledger, Path) and not loaded.ledger.exists():
        return {"store": "file", "state": "not there"}
    store = "file" if isinstance(loaded.ledger, Path) else "postgresql"
    try:
        records = storage.opening(loaded)()
        try:
            head = records.head()
            return {"store": store, "log": records.log, "entries": head.size, "checkpoint": head.checkpoint}
        finally:
            records.close()
    except LogUnusable as error:
        return {"store": store, "state": str(error)}


def _kept(log: Iterable[str]) -> Iterable[str]:
    left_out = 0
    for text in log:
        try:
            line = json.loads(text)
            allowed = _LINES[line["event"]]
        except (ValueError, KeyError, TypeError):
            left_out += 1
            continue
        yield json.dumps({name: value for name, value in line.items() if name in allowed}, ensure_ascii=False)
    yield json.dumps({"event": "left-out", "lines": left_out})
