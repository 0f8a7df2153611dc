"""What became of renewals is counted across runs of the renewer, and a record that cannot be read hides nothing else."""

from pathlib import Path

from gateway import renewals
from gateway.renewals import Renewals


def test_attempts_are_counted_and_a_failure_leaves_the_moment(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    assert renewals.read(ledger) is None
    for result, due in (("", 5.0), ("failed", None), ("failed", None), ("in-force", 9.0)):
        renewals.note(ledger, result, due)
    assert renewals.read(ledger) == Renewals({"failed": 2, "in-force": 1}, 9.0)
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.db.renewals"]


def test_a_record_that_is_none_is_begun_anew(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    (tmp_path / "ledger.db.renewals").write_text("[]")
    assert renewals.read(ledger) is None
    renewals.note(ledger, "waiting", 1.0)
    assert renewals.read(ledger) == Renewals({"waiting": 1}, 1.0)
