"""Exchanges to be recorded: their two entries, as large as real ones, under a key of the bench's own."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.ledger.appending import Appending
from gateway.ledger.keys import new_key, signers
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind, Fact

AT = datetime(2026, 5, 9, 7, 35, 25, 123456, UTC)
LOG = "log.gateway.test/bench"
KEY = signers(LOG, [new_key(b"k".__mul__)])

WHO: dict[str, Fact] = {
    "agreement": "gz-fs-2026-014",
    "caller_department": "91440600MA4UYXXX0X",
    "caller_fingerprint": "5f" * 32,
    "caller_region": "440600",
    "caller_system": "window-07",
    "case_number": "FS-2026-000123",
    "connector": "guangzhou.g1",
    "evidence_type": "social-insurance-proof",
    "holder": "9c" * 32,
    "holder_key": "2026",
    "legal_basis": "STATUTORY_DUTY",
    "matter_code": "440600-0123",
    "operator_account": "b7" * 32,
    "permitted_fields": ("base", "employer", "months", "name", "status"),
    "provider_region": "440100",
    "table_edition": "2026-05-01",
}
WHAT: dict[str, Fact] = {
    "answer_digest": "e3" * 32,
    "request_digest": "6d" * 32,
    "city_status": "0000",
    "fields": ("base", "employer", "months", "name", "status"),
    "result": "ISSUED",
}


def exchanges(seed: int) -> Iterator[tuple[Entry, Entry]]:
    """The two entries of one exchange after another, about 800 and 500 bytes."""
    number = seed << 32
    chance = random.Random(seed)  # noqa: S311 - names of exchanges that never were
    while True:
        # As the gateway makes both: moment before chance (see gateway.clock.new_id), the moment a count here.
        number += 1
        exchange_id, replay_key = (f"{number:012x}{chance.getrandbits(80):020x}" for _ in range(2))
        intent = Entry(EntryKind.INTENT, exchange_id, AT, WHO, replay_key)
        yield intent, Entry(EntryKind.OUTCOME, exchange_id, AT, WHAT)


def sqlite(path: Path) -> Appending:
    """The log in a file."""
    return SqliteLedger.open(path, log=LOG, signers=KEY, entropy=os.urandom)
