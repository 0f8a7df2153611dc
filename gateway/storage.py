"""Which store holds the evidence log: chosen by the configuration, for the gateway and for the command line alike.

Law: nothing else in the house knows that there is more than one store.
"""

from functools import partial

from gateway.clock import entropy
from gateway.config import Loaded
from gateway.ledger.appending import Appending
from gateway.ledger.filed import FiledRecords
from gateway.ledger.keys import signers
from gateway.ledger.records import Opening
from gateway.ledger.sqlite import SqliteLedger


def ledger(loaded: Loaded) -> Appending:
    """The log, open for appending. Raises LogUnusable, which says what to do."""
    log = loaded.settings.log
    return SqliteLedger.open(loaded.ledger, log=log, signers=signers(log, loaded.log_keys), entropy=entropy)


def opening(loaded: Loaded) -> Opening:
    """What opens the log for reading, again and again."""
    return partial(FiledRecords.open, loaded.ledger)
