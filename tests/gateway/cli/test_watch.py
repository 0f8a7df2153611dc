"""`kuacheng watch` has the options of `kuacheng query`, and says what is missing. The rest: tests/journeys/test_deferred.py."""

from pathlib import Path

from click.testing import CliRunner

from gateway.cli import query, watch


def test_it_has_the_options_of_the_question() -> None:
    assert [each.name for each in watch.command.params] == [each.name for each in query.command.params]


def test_without_its_way_or_its_request_id_it_says_what_is_missing(tmp_path: Path) -> None:
    told = CliRunner().invoke(watch.command, ["housing-record", "--dev", str(tmp_path / "dev.json")])
    assert told.exit_code == 2
    assert "start `kuacheng dev`" in told.output
