"""Guangzhou's tables: whole, and true to records written by hand after the interface page."""

import pytest

from adapters.registry import CONNECTORS, OPERATIONS
from gateway.model.refusal import Refusal
from tests.adapters.guangzhou.records import RECORDS
from tests.adapters.tabled import ALIASES, table_of


@pytest.mark.parametrize("alias", ALIASES)
def test_every_field_is_mapped_or_withheld_and_every_rule_fits(alias: str) -> None:
    found = table_of("guangzhou", alias)
    assert found.problems == ()
    assert (found.coverage.missing, found.coverage.unasked, found.spec.region) == ((), (), "440100")
    assert found.spec.system in CONNECTORS
    assert found.spec.operation in OPERATIONS[found.spec.system]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_record_in_canonical_words(alias: str) -> None:
    record, canonical = RECORDS[alias]
    assert table_of("guangzhou", alias).read(record) == canonical


def test_what_may_be_absent() -> None:
    record, canonical = RECORDS["business-licence"]
    read = table_of("guangzhou", "business-licence").read({**record, "expiry_date": ""})
    assert canonical.keys() - read.keys() == {"valid_to"}
    record, canonical = RECORDS["marriage-certificate"]
    face = dict(record["data_fields"], BZ=None)  # type: ignore[call-overload]
    assert canonical.keys() - table_of("guangzhou", "marriage-certificate").read({**record, "data_fields": face}).keys() == {
        "remark"
    }


NO_TERM = {"begin_date"}
# Without holders a record is read, and then it is about nobody: translation refuses that.
UNREAD = {
    "invoice-check": {"gmfsbh"},
    "driving-licence": {"id_code"},
    "marriage-certificate": NO_TERM,
    "vehicle-licence": NO_TERM,
    "birth-certificate": NO_TERM,
    "real-estate-title": NO_TERM,
}


@pytest.mark.parametrize("alias", ALIASES)
def test_nothing_else_may_be_absent(alias: str) -> None:
    record, _ = RECORDS[alias]
    tabled = table_of("guangzhou", alias)
    for name in record.keys() - {"expiry_date"} - UNREAD.get(alias, set()):
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            tabled.read({key: value for key, value in record.items() if key != name})
