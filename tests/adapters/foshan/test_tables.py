"""Foshan's tables: whole, and true to records written by hand after the interface page."""

import pytest

from adapters.registry import CONNECTORS, OPERATIONS
from gateway.model.refusal import Refusal
from tests.adapters.foshan.records import RECORDS
from tests.adapters.tabled import ALIASES, table_of

# Without holders a record is read, and then it is about nobody: translation refuses that.
NO_TERM = {"ZZYXQQSRQ"}
UNREAD = {
    "marriage-certificate": {*NO_TERM, "certData"},
    "vehicle-licence": NO_TERM,
    "birth-certificate": NO_TERM,
    "real-estate-title": NO_TERM,
}


@pytest.mark.parametrize("alias", ALIASES)
def test_every_field_is_mapped_or_withheld_and_every_rule_fits(alias: str) -> None:
    found = table_of("foshan", alias)
    assert found.problems == ()
    assert (found.coverage.missing, found.coverage.unasked, found.spec.region) == ((), (), "440600")
    assert found.spec.system in CONNECTORS
    assert found.spec.operation in OPERATIONS[found.spec.system]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_record_in_canonical_words(alias: str) -> None:
    record, canonical = RECORDS[alias]
    assert table_of("foshan", alias).read(record) == canonical


@pytest.mark.parametrize("absent", ["99991231", ""])
def test_no_end_is_no_day(absent: str) -> None:
    record, canonical = RECORDS["business-licence"]
    read = table_of("foshan", "business-licence").read({**record, "ZZYXQJZRQ": absent})
    assert canonical.keys() - read.keys() == {"valid_to"}


def test_a_remark_may_be_absent() -> None:
    record, canonical = RECORDS["marriage-certificate"]
    read = table_of("foshan", "marriage-certificate").read({**record, "certData": {}})
    assert canonical.keys() - read.keys() == {"remark"}


@pytest.mark.parametrize("alias", ALIASES)
def test_nothing_else_may_be_absent(alias: str) -> None:
    record, _ = RECORDS[alias]
    tabled = table_of("foshan", alias)
    for name in record.keys() - {"ZZYXQJZRQ", "holders"} - UNREAD.get(alias, set()):
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            tabled.read({key: value for key, value in record.items() if key != name})
