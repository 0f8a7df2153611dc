"""`kuacheng ledger verify`: re-derives a log from its store, from a folder of tiles, or from whoever serves it."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gateway.cli import keeping, printing
from gateway.cli.places import place
from gateway.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ssl import SSLContext

    from gateway.cli.keeping import Kept
    from gateway.config import Loaded
    from gateway.ledger.fetching import Fetch
    from gateway.ledger.note import Verifier
    from gateway.ledger.reading import Progress
    from gateway.ledger.records import Opening
    from gateway.ledger.verdict import Verdict

_MOST_PROCESSES = 4
_ANOTHER_KEY = "  if its key was changed since it was last written, give the one of then: --key, or `key` under ledger.former"
_PEM = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("verify")
@printing.config
@click.option(
    "-f",
    "--file",
    "source",
    metavar="SOURCE",
    help="The log's database, a folder of tiles, or an https address; without it, the log that the configuration names.",
)
@click.option("--log", "name", metavar="NAME", help="One of the logs before it, by its name under ledger.former.")
@click.option("--key", "keys", multiple=True, metavar="VKEY", help="Verifier key that must have signed; may be given again.")
@click.option(
    "--checkpoint",
    "kept",
    type=click.File(encoding="utf-8"),
    help="A checkpoint or a proof of this log that was kept elsewhere: finds a log that was put back or forked.",
)
@click.option(
    "--keep",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The same, in a file that the checkpoint which was verified then replaces: for whoever verifies again and again.",
)
@click.option(
    "--kept-key",
    "kept_keys",
    multiple=True,
    metavar="VKEY",
    help="Verifier key that may have signed the kept checkpoint, beside those of the log: after a change of log, or of its key.",
)
@click.option("--ca", type=_PEM, help="For an https address: the server's authorities, PEM.")
@click.option("--cert", type=_PEM, help="Your certificate, PEM.")
@click.option("--cert-key", type=_PEM, help="Its key, PEM.")
@click.option(
    "--hashes-only", is_flag=True, help="Of a folder or an address: the tree without the entries, as a monitor may read it."
)
@printing.output
def verify(
    *,
    path: str,
    source: str | None,
    name: str | None,
    keys: tuple[str, ...],
    kept: Any,
    keep: Path | None,
    kept_keys: tuple[str, ...],
    hashes_only: bool,
    output: str,
    **tls: Path | None,
) -> None:
    """Recompute the whole log: every hash, the tree, its signed checkpoint, the order of the entries.

    Each --key must have signed. Without --key and --file it is those of the configuration, of which one must, for while a key is changed
    not every entry has both. A server may lie: what it gives is read with limits, and what it says twice is compared.

    A kept checkpoint may be of a log before: then it is held against what this one began after.

    \b
    kuacheng ledger verify --file https://log.example:8720 --ca ca.pem --cert me.pem --cert-key me.key \\
        --key log.example/2026b+0a1b2c3d+AbCd... --keep last-seen.checkpoint

    Exit status: 0 everything holds, 1 it does not, and the first bad entry is named, 2 wrong use.
    """
    from gateway.ledger.records import LogUnusable

    if kept and keep:
        raise click.UsageError("--checkpoint and --keep are two ways to name one checkpoint: give one")
    if source and name:
        raise click.UsageError("name a source or a log of the configuration, not both")
    signed_by = Keys(parsed(keys), () if keys or source else own(path, name))
    text = kept.read() if kept else keeping.read(keep) if keep else ""
    logs = keeping.known(None if source or not text else loaded(path), parsed(kept_keys))
    earlier = keeping.kept(text, [*signed_by.all_of, *signed_by.one_of], logs) if text else None
    given = _files(source, tls)
    if hashes_only and given is None:
        raise click.UsageError("--hashes-only is for a folder or an address")
    try:
        with progress(shown=output == "text") as tell:
            if given is not None:
                verdict, note = _of_files(given, signed_by.all_of, earlier, tell, entries=not hashes_only)
            else:
                verdict, note = _of_store(_opening(path, source, name), signed_by, earlier, tell)
    except (LogUnusable, OSError) as error:
        printing.fail(str(error))
    if keep and verdict.sound and any(signed_by):
        keeping.remember(keep, note)
    _tell(verdict, output, hashes_only=hashes_only)
    if output == "text":
        _add(verdict, signed_by, earlier)
    raise SystemExit(0 if verdict.sound else printing.FINDING)


class Keys(NamedTuple):
    """Who must have signed a log: all of some, and one at least of others, if there are any."""

    all_of: tuple[Verifier, ...]
    one_of: tuple[Verifier, ...]


def _of_files(
    given: Fetch, verifiers: Sequence[Verifier], earlier: Kept | None, progress: Progress, *, entries: bool
) -> tuple[Verdict, str]:
    """The verdict, and the checkpoint that it is of. Raises LogUnusable."""
    from gateway.ledger.reading import Log
    from gateway.ledger.tiled import TiledRecords
    from gateway.ledger.verifying import wary

    with closing(given):
        records = TiledRecords(given, entries=entries)
        verdict = wary(records, verifiers, earlier.of(records.log) if earlier else None, progress)
        return keeping.held(Log(records), verdict, earlier), records.checkpoint


def _of_store(opening: Opening, keys: Keys, earlier: Kept | None, progress: Progress) -> tuple[Verdict, str]:
    """The verdict, and a checkpoint of what it is of. Raises LogUnusable."""
    import os

    from gateway.ledger.reading import Log
    from gateway.ledger.verifying import verified

    with Log(opening()) as log:
        note, kept, processes = (
            log.checkpoint(),
            earlier.of(log.name) if earlier else None,
            min(os.cpu_count() or 1, _MOST_PROCESSES),
        )
        verdict = verified(opening, keys.all_of, kept, progress, processes=processes, one_of=keys.one_of)
        return keeping.held(log, verdict, earlier), note


def _opening(path: str, source: str | None, name: str | None) -> Opening:
    from gateway import storage
    from gateway.ledger.filed import FiledRecords

    if source:
        return partial(FiledRecords.open, Path(source))
    found = loaded(path)
    return storage.opening(found) if name is None else storage.opening_at(place(found, name))


def _files(source: str | None, tls: dict[str, Path | None]) -> Fetch | None:
    """What gives the files of a folder or an address; None for a database."""
    from gateway.ledger.fetching import Folder
    from gateway.ledger.records import LogUnusable

    if source and "://" in source:
        from gateway.ledger.site import Site

        try:
            return Site(source, _trust(**tls))
        except LogUnusable as error:
            raise click.UsageError(str(error)) from None
    if any(tls.values()):
        raise click.UsageError("--ca, --cert and --cert-key are for an https address")
    return Folder(Path(source)) if source and Path(source).is_dir() else None


def _trust(ca: Path | None, cert: Path | None, cert_key: Path | None) -> SSLContext | None:
    import ssl

    if (cert is None) != (cert_key is None):
        raise click.UsageError("--cert and --cert-key belong together")
    try:
        trust = ssl.create_default_context(cafile=ca)
        if cert and cert_key:
            trust.load_cert_chain(cert, cert_key)
    except OSError as error:
        printing.fail(f"--ca, --cert or --cert-key: {error.strerror or error}")
    return trust


def _tell(verdict: Verdict, output: str, *, hashes_only: bool) -> None:
    if output == "json":
        printing.as_json(_plain(verdict))
        return
    if verdict.flaw:
        click.echo(f"{verdict.log}: {_place(verdict)}{verdict.flaw.value}", err=True)
        return
    still = f", {len(verdict.open_exchanges)} exchanges still open" if verdict.open_exchanges else ""
    still += f", of {verdict.purged} the body was purged" if verdict.purged and not hashes_only else ""
    what = "every hash and the tree's root hold" if not hashes_only else "the tree's root holds, the entries were not read"
    click.echo(f"{verdict.log}: {verdict.entries} entries, {what}{still}")
    click.echo("\n".join(f"  signed by {each}" for each in verdict.signed_by) or "  signature not checked: give --key")


def _add(verdict: Verdict, keys: Keys, earlier: Kept | None) -> None:
    """What else is to be said of it."""
    if verdict.flaw == "NOT_SIGNED" and keys.one_of:
        click.echo(_ANOTHER_KEY, err=True)
    if verdict.sound and earlier and not earlier.of(verdict.log):
        click.echo(f"  began after {earlier.checkpoint.origin}, of which the kept checkpoint holds")


def loaded(path: str) -> Loaded:
    """The configuration; what is wrong with it ends the program."""
    import os

    from gateway.config import ConfigError, load

    try:
        return load(Path(path), os.environ)
    except ConfigError as error:
        printing.fail("\n".join(str(each) for each in error.problems))


def own(path: str, name: str | None = None) -> tuple[Verifier, ...]:
    """The verifier keys of the configuration, for its log or one before it."""
    from gateway.ledger.keys import signers

    of = place(loaded(path), name)
    return tuple(each.verifier for each in signers(of.log, of.keys))


def parsed(keys: Sequence[str]) -> tuple[Verifier, ...]:
    """The verifier keys of an option; one that is none is wrong use."""
    from gateway.ledger.note import NoteRefused, Verifier

    try:
        return tuple(Verifier.parse(each) for each in keys)
    except NoteRefused as error:
        raise click.UsageError(str(error)) from None


def _place(verdict: Verdict) -> str:
    if verdict.first_bad is None:
        return ""
    if verdict.through is None or verdict.through <= verdict.first_bad:
        return f"entry {verdict.first_bad}: "
    return f"entries {verdict.first_bad} to {verdict.through}: "


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {
        "log": verdict.log,
        "sound": verdict.sound,
        "entries": verdict.entries,
        "first_bad": verdict.first_bad,
        "through": None if verdict.first_bad is None else verdict.through,
        "flaw": verdict.flaw.name if verdict.flaw else None,
        "signed_by": list(verdict.signed_by),
        "purged": verdict.purged,
        "open_exchanges": list(verdict.open_exchanges),
    }
