"""Whether the evidence log would take an entry: it opens, is the one meant, ends under our signature, has room, and is watched.

Laws: read only; nothing is appended and no lock is held.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway import storage
from gateway.checking.line import Category, Line, fine, found
from gateway.checking.wording import Fault
from gateway.config import Loaded, WitnessMaterial
from gateway.ledger.appending import Notary, fit_to_grow
from gateway.ledger.cosigning import Standing
from gateway.ledger.kept import kept
from gateway.ledger.keys import signers
from gateway.ledger.note import NoteRefused
from gateway.ledger.policy import Policy, PolicyRefused
from gateway.ledger.records import LogUnusable

_LEAST_FREE: Final = 1 << 30
_MENDED: Final = (3, 51, 3)
"""The SQLite from which a WAL is safe between a writer and another connection's checkpoint."""


def ledger(loaded: Loaded, now: datetime) -> Iterator[Line]:
    """All of it. Raises OSError."""
    where = loaded.ledger
    if isinstance(where, Path):
        yield from _file(where)
    if isinstance(where, Path) and not where.exists():
        yield fine(Category.LEDGER, str(where), "not there yet: the start makes it", "尚不存在，启动时创建")
    else:
        yield _end(loaded)
    if loaded.witnesses is not None:
        yield from _witnessed(loaded.witnesses, now)


def _file(path: Path) -> Iterator[Line]:
    if not os.access(path if path.exists() else path.parent, os.W_OK) or not os.access(path.parent, os.W_OK):
        yield found(Category.LEDGER, str(path), Fault.LOG_NOT_WRITABLE, path=path)
    free = shutil.disk_usage(path.parent).free
    if free < _LEAST_FREE:
        yield found(Category.LEDGER, str(path), Fault.DISK_NEARLY_FULL, path=path, free=free >> 20)
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _MENDED:
        yield found(Category.LEDGER, "SQLite", Fault.SQLITE_WAL_BUG, version=version, mended=".".join(map(str, _MENDED)))
    else:
        yield fine(Category.LEDGER, "SQLite", version, version)


def _end(loaded: Loaded) -> Line:
    """The newest checkpoint, as the gateway looks at it when it starts."""
    log, what = loaded.settings.log, str(loaded.ledger) if isinstance(loaded.ledger, Path) else "PostgreSQL"
    try:
        records = storage.opening(loaded)()
        try:
            if records.log != log:
                return found(Category.LEDGER, what, Fault.LOG_OF_ANOTHER, held=records.log, wanted=log)
            head, present = records.end()
        finally:
            records.close()
    except LogUnusable as error:
        return found(Category.LEDGER, what, Fault.LOG_UNUSABLE, why=error)
    try:
        fit_to_grow(head, present, Notary.of(log, signers(log, loaded.log_keys)), "the log")
    except LogUnusable as error:
        return found(Category.LEDGER, what, Fault.CHECKPOINT_REFUSED, why=error)
    return fine(Category.LEDGER, what, f"{present} entries under our signature", f"{present} 条记录，检查点由本方签名")


def _witnessed(wanted: WitnessMaterial, now: datetime) -> Iterator[Line]:
    note = kept(wanted.kept)
    if note is None:
        yield fine(Category.LEDGER, "witnesses", "not asked yet: the start asks them", "尚未请求，启动时请求联署")
        return
    try:
        standing = Standing.parse(note, Policy.parse(wanted.policy))
    except (NoteRefused, PolicyRefused) as error:
        yield found(Category.LEDGER, "witnesses", Fault.WITNESSES_REFUSED, why=error)
        return
    age = int(now.timestamp() - standing.moment)
    if age > wanted.limit:
        yield found(Category.LEDGER, "witnesses", Fault.WITNESSES_SILENT, age=age, limit=int(wanted.limit))
    else:
        yield fine(Category.LEDGER, "witnesses", f"cosigned {age} s ago", f"{age} 秒前已联署")
