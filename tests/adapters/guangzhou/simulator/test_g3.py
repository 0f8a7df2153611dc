"""G3 as the interface page has it: three voices, one record, and whatever comes is answered."""

import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.guangzhou.simulator.g3 import HousingRegistry
from adapters.guangzhou.simulator.records import Records
from adapters.simulation.operation import Asked
from tests.fuzzing import TIMES

PAGE = (Path(__file__).parents[4] / "docs/interfaces/guangzhou.md").read_text(encoding="utf-8")
NOW = 1_700_000_000.0
RECORDS = Records.of(60, 40, 1)
YWXX = {"sxbm": "1", "sxmc": "2", "bjbh": "3", "czyzh": "4", "czyxm": "5", "sqjg": "11440600M00000027C"}
_numbers = itertools.count()


def question(index: int = 0, **more: Any) -> dict[str, Any]:
    return {"request": {"QLRZJZL": "1", "QLRZJH": RECORDS.register.people[index].number, "ywxx": YWXX} | more}


def ask(body: Any, fault: str | None = None, records: Records = RECORDS, key: str = "token") -> dict[str, Any]:
    nonce, at = f"nonce-of-the-tests-{next(_numbers)}", str(int(NOW))
    signature = hashlib.sha256(f"{at}{key}{nonce}{at}".encode()).hexdigest()
    headers = {"x-tif-paasid": "p", "x-tif-timestamp": at, "x-tif-nonce": nonce, "x-tif-signature": signature}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    registry = HousingRegistry(records, {"paasid": "p", "token": "token"})
    reply = registry.answer(Asked("POST", "/", {}, headers, raw, NOW, fault))
    assert reply.status == 200
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


def document(answer: dict[str, Any]) -> etree._Element:
    assert (answer["response"]["errorCode"], answer["response"]["value"]["type"]) == (200, "GsbString")
    return etree.fromstring(answer["response"]["value"]["value"].encode())


def plain(element: etree._Element) -> Any:
    if not len(element):
        return element.text or ""
    record = {child.tag: plain(child) for child in element if child.tag != "FWXX"}
    homes = [plain(child) for child in element if child.tag == "FWXX"]
    return record | ({"FWXX": homes} if homes else {})


@pytest.mark.parametrize("index", range(5))
def test_the_answer_is_the_record(index: int) -> None:
    root = document(ask(question(index)))
    (record,) = root.findall("record")
    assert (root.findtext("resultCode"), plain(record)) == ("00", RECORDS.gsb_record(RECORDS.register.people[index].number))


@pytest.mark.parametrize("more", [{"QLRZJH": RECORDS.register.people[12].number}, {"QLRMC": "无此人"}])
def test_no_such_record(more: dict[str, str]) -> None:
    root = document(ask(question(**more)))
    assert (root.findtext("resultCode"), root.findall("record")) == ("01", [])


def test_whoever_refuses_first() -> None:
    assert ask(question(), key="another")["errcode"] == 4011
    assert ask(b"[]")["response"]["errorCode"] == 400
    assert ask(question(ywxx=YWXX | {"sqjg": "91440600M00000027C"}))["response"]["errorCode"] == 401
    for wrong in ({"QLRZJH": ""}, {"QLRZJZL": "2"}, {"QLRZJH": "1"}, {"ywxx": {}}):
        assert document(ask(question(**wrong))).findtext("resultCode") == "02"


def test_faults() -> None:
    true = ask(question())
    assert ask(question(), "expired_token")["errcode"] == 4015
    assert [ask(question(), fault)["response"]["errorCode"] for fault in ("unknown_status", "busy")] == [777, 503]
    spoilt = (
        "missing_field",
        "unknown_code",
        "bad_date",
        "wrong_count",
        "two_holders",
        "other_holder",
        "unknown_result",
        "empty_list",
    )
    for fault in spoilt:
        assert ask(question(), fault) != true
    inner = {
        name: ask(question(), f"inner_{name}")["response"]["value"]["value"]
        for name in ("garbage", "entity_bomb", "external_entity")
    }
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(inner["garbage"])
    assert "&a8;&a8;" in inner["entity_bomb"]
    assert "file:///" in inner["external_entity"]


def test_the_page_shows_what_the_city_answers() -> None:
    blocks = re.findall(r"```json\n(.*?)\n```", PAGE[PAGE.index("## POST /ebus/gzbdc/gsb") :], re.DOTALL)
    asked, answered, nothing = map(json.loads, blocks)
    records = Records.of()
    assert ask(asked, records=records) == answered
    assert ask(question(QLRZJH=records.register.people[12].number), records=records) == nothing


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=2))


@settings(max_examples=40 * TIMES)
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(["request", "value"]), VALUES, max_size=2)
    | st.dictionaries(st.sampled_from(["QLRZJZL", "QLRZJH", "QLRMC", "ywxx"]), VALUES).map(lambda more: question(**more))
)
def test_whatever_comes_is_answered(body: Any) -> None:
    answer = ask(body)
    assert answer["response"]["errorCode"] in {200, 400, 401}
