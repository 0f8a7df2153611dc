"""A receipt as a file, in the form that `kuacheng receipt verify` takes."""

import json
from collections.abc import Sequence

from gateway.client.receipt import Fetched, Intent, Receipt
from gateway.model.binding import plain
from gateway.model.exchange import EntryKind, Gone, Logged


def receipt_file(exchange_id: str, found: Sequence[Logged | Gone]) -> bytes | None:
    """JSON; None while the exchange has not ended, or when its end was purged.

    It has no binding key: that one came with the answer and is kept nowhere else.
    """
    entries = [each for each in found if isinstance(each, Logged)]
    ending = next((each.recorded for each in entries if each.entry.kind is not EntryKind.INTENT), None)
    if ending is None:
        return None
    intent = next((each.recorded for each in entries if each.entry.kind is EntryKind.INTENT), None)
    begun = intent or ending
    receipt = Receipt(ending.log, begun.index, ending.index, ending.leaf_hash, ending.proof, ending.leaf)
    proven = Intent(intent.index, intent.leaf, intent.proof) if intent else None
    return json.dumps(plain(Fetched(exchange_id, receipt, proven)), ensure_ascii=False, indent=1).encode()
