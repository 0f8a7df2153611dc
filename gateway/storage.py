"""Which store holds the evidence log: chosen by the configuration, for the gateway and for the command line alike.

Law: nothing else in the house knows that there is more than one store.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.clock import SystemClock, entropy
from gateway.config import LogPlace
from gateway.ledger import filed_finishing, filed_purging
from gateway.ledger.appending import Notary
from gateway.ledger.filed import FiledRecords
from gateway.ledger.kept import keep
from gateway.ledger.kept import kept as read_kept
from gateway.ledger.keys import signers
from gateway.ledger.records import LogUnusable
from gateway.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gateway.config import DatabaseMaterial, Loaded
    from gateway.ledger.appending import Appending
    from gateway.ledger.postgresql.connecting import Database
    from gateway.ledger.records import Opening


@dataclass(frozen=True, slots=True)
class Purger:
    """Who may purge a log in PostgreSQL, where that is another role than the one that writes it. `certificate` and `key` are files."""

    user: str
    password: str = field(default="", repr=False)
    certificate: Path | None = None
    key: Path | None = None


def ledger(loaded: Loaded) -> Appending:
    """The log, open for appending. Raises LogUnusable, which says what to do."""
    predecessor = opening_at(loaded.former[-1]) if loaded.former else None
    return _ledger(_place(loaded), predecessor)


def ledger_at(place: LogPlace) -> Appending:
    """A log that has been begun, open for entries that are of no exchange. Raises LogUnusable."""
    if isinstance(place.where, Path) and not place.where.exists():
        raise LogUnusable(f"the log {place.log} is not at {place.where}: correct the path")
    return _ledger(place, None)


def _ledger(place: LogPlace, predecessor: Opening | None) -> Appending:
    log, where = place.log, place.where
    keys = signers(log, place.keys)
    if isinstance(where, Path):
        return SqliteLedger.open(where, log=log, signers=keys, entropy=entropy, predecessor=predecessor)
    from gateway.ledger.postgresql.writing import PostgresqlLedger

    return PostgresqlLedger.open(_database(where), log=log, signers=keys, entropy=entropy, predecessor=predecessor)


def check_begun(loaded: Loaded) -> None:
    """Whether the log has its first entry, if it is to follow another: that entry says after which. Raises LogUnusable."""
    if not loaded.former:
        return
    if exists(loaded):
        with closing(opening(loaded)()) as records:
            if records.head().size:
                return
    log = loaded.settings.log
    raise LogUnusable(f"the log {log} has not been begun after {loaded.former[-1].log}: run `kuacheng ledger rotate` first")


def finish(place: LogPlace, cosigned: str | None = None) -> None:
    """From now on a log takes no exchange; the newest checkpoint that its witnesses cosigned is laid down beside it.

    Raises LogUnusable while somebody else writes it or an exchange is open, OSError.
    """
    notary = Notary.of(place.log, signers(place.log, place.keys))
    if isinstance(place.where, Path):
        filed_finishing.finish(place.where, notary)
        if cosigned is not None:
            keep(_beside(place.where), cosigned)
        return
    from gateway.ledger.postgresql.finishing import finish as finish_database

    finish_database(_database(place.where), notary, cosigned)


def exists(loaded: Loaded) -> bool:
    """Whether the log has been begun. Raises LogUnusable where its database cannot be asked."""
    where = loaded.ledger
    if isinstance(where, Path):
        return where.exists()
    from gateway.ledger.postgresql.reading import is_begun

    return is_begun(_database(where))


def opening(loaded: Loaded) -> Opening:
    """What opens the log for reading, again and again."""
    return opening_at(_place(loaded))


def opening_at(place: LogPlace) -> Opening:
    """The same of any log."""
    where = place.where
    if isinstance(where, Path):
        return partial(FiledRecords.open, where)
    from gateway.ledger.postgresql.reading import PostgresqlRecords

    return partial(PostgresqlRecords.open, _database(where))


def openings(loaded: Loaded) -> tuple[Opening, ...]:
    """What opens the log and those before it for reading, newest first."""
    return tuple(map(opening_at, places(loaded)))


def places(loaded: Loaded) -> tuple[LogPlace, ...]:
    """The log and those before it, newest first, each by name, place and keys."""
    return (_place(loaded), *reversed(loaded.former))


def check_purger(place: LogPlace, purger: Purger | None) -> None:
    """Whether who purges may do so, before it is recorded that they do. Raises LogUnusable, which says what to do."""
    if not isinstance(place.where, Path):
        from gateway.ledger.postgresql.purging import check

        check(_database(place.where, purger))


def purge(place: LogPlace, runs: Sequence[range], purger: Purger | None) -> Iterator[int]:
    """Takes the bodies of these entries; gives, after each transaction, how many it took. Raises LogUnusable."""
    notary = Notary.of(place.log, signers(place.log, place.keys))
    if isinstance(place.where, Path):
        return filed_purging.purge(place.where, notary, runs, SystemClock().monotonic)
    from gateway.ledger.postgresql.purging import purge as purge_database

    return purge_database(_database(place.where, purger), notary, runs)


def _place(loaded: Loaded) -> LogPlace:
    return LogPlace(loaded.settings.log, loaded.ledger, loaded.log_keys)


def kept(loaded: Loaded, log: str | None = None) -> str | None:
    """The newest cosigned checkpoint that was kept of this log, where gateways keep it; of another log nothing counts. Raises OSError."""
    note = read_kept(loaded.witnesses.kept) if loaded.witnesses else None
    return note if note is not None and note.startswith(f"{log or loaded.settings.log}\n") else None


def kept_at_the_end(former: LogPlace) -> str | None:
    """The newest checkpoint of a former log that witnesses cosigned, as `finish` laid it down. Raises OSError, LogUnusable."""
    if isinstance(former.where, Path):
        return read_kept(_beside(former.where))
    from gateway.ledger.postgresql.finishing import cosigned as laid_down

    return laid_down(_database(former.where))


def cosigned(loaded: Loaded) -> Callable[[str], str | None]:
    """What reads, for a log by its name, the newest checkpoint that the witnesses of the policy have cosigned; None where there is none.

    Of a former log that is what was laid down at its end, as long as the policy still names the log.
    """
    wanted = loaded.witnesses
    if wanted is None:
        return lambda _log: None
    from gateway.ledger.policy import Policy
    from gateway.ledger.receipts import standing

    policy = Policy.parse(wanted.policy)
    notes = {each.log: partial(kept_at_the_end, each) for each in loaded.former} | {loaded.settings.log: partial(kept, loaded)}
    return lambda log: standing(notes[log], policy) if log in notes else None


def _beside(former: Path) -> Path:
    return former.with_name(f"{former.name}-cosigned")


def _database(where: DatabaseMaterial, purger: Purger | None = None) -> Database:
    from gateway.ledger.postgresql.connecting import Database

    database = Database(
        name=where.name,
        user=where.user,
        schema=where.schema,
        servers=tuple((each.host, each.port) for each in where.servers),
        socket=where.socket,
        password=where.password,
        authorities=where.authorities,
        certificate=where.certificate,
        key=where.key,
    )
    if purger is None:
        return database
    return replace(database, user=purger.user, password=purger.password, certificate=purger.certificate, key=purger.key)
