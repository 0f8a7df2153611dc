"""One development layout a module, for tests that change its files while a gateway runs; and how long is waited at a step."""

import logging
import shutil
from collections.abc import Iterator

import pytest

from gateway import cohort
from gateway.clock import entropy
from gateway.development.layout import Layout, lay_out, write_configuration
from tests.gateway.living import CITIES, NOW

AN_HOUR = 3600.0


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return lay_out(tmp_path_factory.mktemp("living") / "dev", NOW, entropy)


@pytest.fixture
def living(laid: Layout) -> Iterator[Layout]:
    """With its configuration as it was made, no revocations, and logging put back afterwards. Of generations there are ever more."""
    write_configuration(laid, CITIES, "127.0.0.1:0", "127.0.0.1:0")
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield laid
    root.handlers[:] = before
    root.setLevel(level)
    shutil.rmtree(laid.folder / "ledger.db.ocsp", ignore_errors=True)
    for left in ("revoked.json", "ledger.db.crls", "foshan.crl"):
        (laid.folder / left).unlink(missing_ok=True)


@pytest.fixture
def _for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has come to a step waits without end for others."""
    monkeypatch.setattr(cohort, "LINGER", AN_HOUR)


@pytest.fixture
def _always_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every turn of the event loop counts as work."""
    monkeypatch.setattr(cohort, "WORK", -1.0)
