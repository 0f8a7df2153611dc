"""`kuacheng ledger export`: a finished log as a sealed folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import printing
from gateway.cli.places import place
from gateway.cli.progress import progress

if TYPE_CHECKING:
    from gateway.config import LogPlace
    from gateway.ledger.exporting import Exported


@click.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@printing.config
@click.option("--log", "name", metavar="NAME", help="Which finished log; without it, the newest under ledger.former.")
@printing.output
def export(*, folder: Path, path: str, name: str | None, output: str) -> None:
    """Write a finished log to FOLDER: C2SP tiles, entries, checkpoint, keys, a README for the auditor, and SHA256SUMS.

    The same log gives the same files. Only the owner may read them; what was purged is not in them. The folder appears when it has been
    read back and verified; write the digest that is printed where the folder does not go.

    Exit status: 0 it is exported and sound, 1 it is not sound, and then only exported where nothing is wrong but what was recorded after
    the log's end, 2 wrong use.
    """
    import dataclasses

    from gateway.cli.problems import loaded_or_fail
    from gateway.ledger.exporting import Unsound
    from gateway.ledger.records import LogUnusable

    loaded = loaded_or_fail(Path(path), output)
    which = place(loaded, name or (loaded.former[-1].log if loaded.former else None))
    try:
        done = _export(which, folder, shown=output == "text")
    except Unsound as error:
        printing.fail(str(error), printing.FINDING)
    except (LogUnusable, OSError) as error:
        printing.fail(str(error))
    if output == "json":
        printing.as_json(dataclasses.asdict(done) | {"folder": str(folder)})
    else:
        click.echo(
            f"{done.log}: {done.entries} entries, of {done.purged} the body was purged, in {done.files} files under {folder}"
        )
        click.echo(f"  SHA-256 of SHA256SUMS: {done.digest}")
    if done.after_finish is not None:
        printing.fail(
            f"entry {done.after_finish}: AFTER_FINISH: from there on stands what was recorded after the log had ended; README.md says so",
            printing.FINDING,
        )


def _export(which: LogPlace, folder: Path, *, shown: bool) -> Exported:
    """Raises LogUnusable, OSError."""
    from gateway import storage
    from gateway.ledger.exporting import export as exported
    from gateway.ledger.keys import signers
    from gateway.ledger.reading import Log
    from gateway.ledger.records import LogUnusable

    verifiers = [each.verifier for each in signers(which.log, which.keys)]
    records = storage.opening_at(which)()
    with Log(records) as log, progress(shown=shown) as tell:
        if log.successor() is None:
            raise LogUnusable(f"the log {which.log} is not finished: change the log first, `kuacheng ledger rotate`")
        return exported(records, folder, verifiers, storage.kept_at_the_end(which), tell)
