"""The table of metrics keeps its own laws: names, units, and no person in a label."""

import re
from collections import Counter

import pytest

from gateway.telemetry import series
from gateway.telemetry.series import Kind, Series

EACH = pytest.mark.parametrize("one", series.ALL, ids=lambda one: one.name)
LABELS = {
    "grpc_type",
    "work",
    "grpc_service",
    "grpc_method",
    "grpc_code",
    "evidence_type",
    "region",
    "result",
    "reason",
    "blame",
    "fault",
    "system",
    "passage",
    "edition",
    "generation",
    "of",
    "role",
    "standing",
    "version",
    "stage",
    "state",
    "python",
    "grpc",
    "sqlite",
}


def test_every_series_of_the_module_is_in_the_table_once() -> None:
    named = [each for each in vars(series).values() if isinstance(each, Series)]
    assert Counter(each.name for each in named) == Counter(each.name for each in series.ALL)
    assert max(Counter(each.name for each in series.ALL).values()) == 1


@EACH
def test_a_name_says_whose_what_and_in_which_unit(one: Series) -> None:
    assert re.fullmatch(r"(grpc_server|kuacheng)_[a-z_]+", one.name)
    assert one.name.endswith("_total") == (one.kind is Kind.COUNTER)
    timed = one.kind is Kind.HISTOGRAM and not one.name.endswith("_entries")
    assert one.name.endswith("_seconds") == (timed or one.name.endswith(("_age_seconds", "_timestamp_seconds")))
    assert one.name.endswith("_info") == (one.kind is Kind.INFO)
    assert one.help.endswith(".")
    assert bool(one.bounds) == (one.kind is Kind.HISTOGRAM)
    assert list(one.bounds) == sorted(set(one.bounds))


@EACH
def test_no_label_may_take_what_a_caller_makes_up(one: Series) -> None:
    assert set(one.labels) <= LABELS
