"""`kuacheng watch` has the options of `kuacheng query`, and says what is missing. The rest: tests/journeys/test_deferred.py."""

import re
from pathlib import Path

import yaml
from click.testing import CliRunner

import gateway
from gateway.cli import query, watch
from gateway.development.layout import CITIES
from gateway.development.samples import samples

ADAPTERS = Path(gateway.__file__).parents[1] / "adapters"
LATE = "foshan.f4"
"""The one system of the development environment that may answer later."""


def test_it_has_the_options_of_the_question() -> None:
    assert [each.name for each in watch.command.params] == [each.name for each in query.command.params]


def test_without_its_way_or_its_request_id_it_says_what_is_missing(tmp_path: Path) -> None:
    told = CliRunner().invoke(watch.command, ["housing-record", "--dev", str(tmp_path / "dev.json")])
    assert told.exit_code == 2
    assert "start `kuacheng dev`" in told.output


def test_the_sample_that_it_names_may_be_deferred() -> None:
    (number,) = re.findall(r"--sample (\d+)", watch.command.help or "")
    sample = samples()[int(number)]
    table = yaml.safe_load((ADAPTERS / CITIES[sample.region] / "tables" / f"{sample.type}.yaml").read_text())
    assert (table["system"], sample.outcome) == (LATE, "ISSUED")
