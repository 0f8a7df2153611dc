"""The log's key is changed by a gateway that is restarted twice: what was kept in any phase stays good; none is changed by mistake."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.app import gateway
from gateway.cli import main
from gateway.client import Client, Identity, QueryRefused
from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.development.layout import SERVER_NAME, STRANGER, Layout, lay_out, write_configuration
from gateway.development.samples import samples
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.keys import new_key, signers
from gateway.ledger.note import Note, Verifier
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.model.exchange import EntryKind

OLD, BOTH, NEW = (
    "key: {file: secrets/log-key}\n",
    "key: {file: secrets/log-key}\n  next_key: {file: secrets/next-key}\n",
    "key: {file: secrets/next-key}\n",
)


async def run(layout: Layout, keys: str) -> tuple[str, tuple[Verifier, ...]]:
    """One gateway from start to end, with these keys: the checkpoint that a caller fetched from it, and its verifier keys."""
    write_configuration(layout, {"440100": "https://127.0.0.1:1", "440600": "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    layout.config.write_text(layout.config.read_text().replace(OLD, keys))
    loaded = load(layout.config, {})
    async with (
        gateway(loaded, io.StringIO()) as running,
        Client(running.address, _stranger(layout), server_name=SERVER_NAME) as client,
    ):
        asked = next(each for each in samples() if each.client == STRANGER)
        with pytest.raises(QueryRefused, match="no agreement in force"):
            await client.query(
                evidence_type=asked.type,
                region=asked.region,
                holder=asked.holder,
                purpose=asked.purpose,
                legal_basis=asked.legal_basis,
                parameters=asked.parameters,
            )
        note = await client.checkpoint()
    return note, tuple(each.verifier for each in signers(loaded.settings.log, loaded.log_keys))


@contextmanager
def _keys(layout: Layout, keys: str) -> Iterator[None]:
    """With these keys in the configuration, and nothing begun anew."""
    before = layout.config.read_text()
    now = next(each for each in (BOTH, OLD, NEW) if each in before)
    layout.config.write_text(before.replace(now, keys))
    yield
    layout.config.write_text(before)


def verified(layout: Layout, *options: str) -> tuple[int, list[str]]:
    """The status of `ledger verify`, and who has signed."""
    found = CliRunner().invoke(main, ["ledger", "verify", "-c", str(layout.config), "-o", "json", *options])
    return found.exit_code, json.loads(found.stdout)["signed_by"]


def _stranger(layout: Layout) -> Identity:
    pair = layout.pki.clients[STRANGER.client]
    return Identity(pair.certificate.read_bytes(), pair.key.read_bytes(), layout.pki.gateway_ca.read_bytes())


async def test_a_key_is_changed_while_both_sign_and_what_was_kept_before_stays_good(tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "dev", SystemClock().now(), entropy)
    next_key = layout.folder / "secrets" / "next-key"
    next_key.touch(0o600)
    next_key.write_bytes(new_key(entropy))

    first, (old,) = await run(layout, OLD)
    with _keys(layout, BOTH):
        assert verified(layout) == (0, [str(old)]), "between the edit and the restart"
    with pytest.raises(LogUnusable, match="last signed by another key"):
        await run(layout, NEW)
    second, (again, new) = await run(layout, BOTH)
    with _keys(layout, NEW):
        assert verified(layout) == (0, [str(new)])
    third, (left,) = await run(layout, NEW)
    with _keys(layout, BOTH):
        assert verified(layout) == (0, [str(new)]), "on another machine, where the edit is still to come"
    with _keys(layout, OLD):
        assert verified(layout) == (1, [])
    with pytest.raises(LogUnusable, match="last signed by another key"):
        await run(layout, OLD)

    assert (again, left) == (old, new)
    phases = ((first, {old}), (second, {old, new}), (third, {new}))
    assert [set(Note.parse(note).verified((old, new))) for note, _ in phases] == [who for _, who in phases]
    with Log.open(layout.ledger) as log:
        for note, who in phases:
            kept = Note.parse(note)
            assert kept.verified(who)
            assert log.verify([new], Checkpoint.parse(kept.text)).sound
        assert len(log.entries(kind=EntryKind.REFUSED)) == 3
