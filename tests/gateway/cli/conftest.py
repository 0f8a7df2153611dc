"""A development layout with an evidence log, for commands that change what lies there."""

from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock, entropy
from gateway.config import load
from gateway.development.layout import Layout, lay_out, write_configuration
from gateway.ledger.keys import signers
from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import EntryKind

NOW = SystemClock().now()
REGION = "440600"


@pytest.fixture
async def layout(tmp_path: Path) -> Layout:
    made = lay_out(tmp_path / "dev", NOW, entropy)
    write_configuration(made, {"440100": "https://127.0.0.1:1", REGION: "https://127.0.0.1:2"}, "127.0.0.1:0", "127.0.0.1:0")
    loaded = load(made.config, {})
    ledger = SqliteLedger.open(
        loaded.ledger, log=loaded.settings.log, signers=signers(loaded.settings.log, loaded.log_keys), entropy=entropy
    )
    await ledger.close()
    return made


def acts(layout: Layout) -> list[dict[str, Any]]:
    with Log.open(layout.ledger) as log:
        return [dict(each.entry.facts) for each in log.entries(limit=100) if each.entry.kind is EntryKind.ACT]
