"""G1 over a real socket: what docs/interfaces/guangzhou.md says is what it does.

Laws: answers are compared with the city's own records, never with a table of the gateway; nothing waits by the clock.
"""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.guangzhou.simulator.catalogue import CATALOGUE
from adapters.guangzhou.simulator.licences import BUSINESS, DRIVING, MARRIAGE, TITLE
from adapters.guangzhou.simulator.records import data_fields_text
from tests.adapters.guangzhou.simulator.serving import (
    COMPANIES,
    G1,
    PEOPLE,
    RECORDS,
    SECRETS,
    City,
    auth,
    connected,
    holder_of,
    refused,
)


def test_a_joint_title_is_found_by_either_owner_with_a_share_for_each() -> None:
    [first], [second] = (RECORDS.licences(person.number, TITLE) for person in PEOPLE[:2])
    assert first == second
    assert first.head["holder_identity_num"] == f"{PEOPLE[0].number},{PEOPLE[1].number}"
    assert first.fields["GYFE"].count(",") == 1


@pytest.mark.parametrize("index", [0, 3, 9])
@pytest.mark.parametrize("item", CATALOGUE)
def test_a_licence_is_the_record(city: City, item: str, index: int) -> None:
    number = holder_of(item, index)
    found = city.g1("auth", auth(item, number))
    record = RECORDS.licences(number, item)[0]
    [code] = found["auth_codes"]
    assert (found["ack_code"], found["errors"], found["total_count"]) == ("SUCCESS", [], 1)
    assert found["data"] == [record.head | {"auth_code": code}]
    answer = city.licence(code)["data"]
    assert answer == record.head | {"auth_code": code, "data_fields": data_fields_text(record)}
    # Python's own literals are a second reading of both spellings.
    assert ast.literal_eval(answer["data_fields"].replace(":null", ":None")) == record.fields


def test_both_spellings_of_data_fields_occur_and_read_the_same() -> None:
    holders = [(person.number, item) for person in PEOPLE[:600] for item in (DRIVING, MARRIAGE)]
    holders += [(company.code, BUSINESS) for company in COMPANIES]
    licences = [licence for holder in holders for licence in RECORDS.licences(*holder)]
    for licence in licences:
        text = data_fields_text(licence)
        assert text.startswith("{'" if licence.single_quoted else '{"')
        assert ast.literal_eval(text.replace(":null", ":None")) == licence.fields
        if not licence.single_quoted:
            assert json.loads(text) == licence.fields
    older = [data_fields_text(licence) for licence in licences if licence.single_quoted]
    assert 0.05 < len(older) / len(licences) < 0.15
    assert any("\\'" in text for text in older)
    assert any('"' in text for text in older)


def test_either_spouse_finds_the_one_marriage_certificate() -> None:
    first, second = (RECORDS.licences(person.number, MARRIAGE) for person in PEOPLE[2:4])
    assert first == second
    assert first[0].head["holder_identity_num"].count(",") == 1


def test_a_code_serves_once(city: City) -> None:
    [code] = city.g1("auth", auth(DRIVING, PEOPLE[0].number))["auth_codes"]
    assert city.licence(code)["ack_code"] == "SUCCESS"
    assert refused(city.licence(code)) == "40002"
    assert refused(city.licence("0" * 32)) == "40001"
    assert refused(city.licence("")) == "20001"


def test_several_licences_come_in_pages(city: City) -> None:
    number = next(person.number for person in PEOPLE if len(RECORDS.licences(person.number, DRIVING)) > 1)
    pages = [city.g1("auth", auth(DRIVING, number, page_index=page, page_size=1)) for page in (1, 2, 3)]
    assert [page["total_count"] for page in pages] == [2, 2, 2]
    assert [len(page["data"]) for page in pages] == [1, 1, 0]
    assert [row["id_code"] for page in pages for row in page["data"]] == [
        licence.head["id_code"] for licence in RECORDS.licences(number, DRIVING)
    ]


@pytest.mark.parametrize(
    "question",
    [
        auth(DRIVING, PEOPLE[12].number),
        auth(MARRIAGE, PEOPLE[12].number),
        auth(BUSINESS, COMPANIES[12].code),
        auth(DRIVING, COMPANIES[0].code),
        auth(DRIVING, PEOPLE[0].number, holder_name="别人"),
        auth(DRIVING, "440106188609011240"),
    ],
    ids=["unknown-driver", "unknown-spouse", "unknown-company", "company-as-driver", "other-name", "nobody"],
)
def test_no_such_licence_is_a_success_with_nothing_in_it(city: City, question: dict[str, Any]) -> None:
    answer = city.g1("auth", question)
    assert (answer["ack_code"], answer["total_count"], answer["auth_codes"], answer["data"]) == ("SUCCESS", 0, [], [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"biz_num": ""}, "20001"),
        ({"operator": {}}, "20001"),
        ({"page_index": None}, "20001"),
        ({"identity_number": "123"}, "20002"),
        ({"identity_number": ["440106188609011248"]}, "20002"),
        ({"page_size": "50"}, "20002"),
        ({"license_item_code": "11100000M00000035K101"}, "20003"),
        ({"page_size": 151}, "20005"),
        ({"page_index": 0}, "20005"),
        ({"operator": auth(BUSINESS, "")["operator"] | {"service_org_code": COMPANIES[0].code}}, "30001"),
    ],
)
def test_a_wrong_question_is_refused_in_the_platforms_way(city: City, change: dict[str, Any], code: str) -> None:
    assert refused(city.g1("auth", auth(BUSINESS, COMPANIES[0].code) | change)) == code


def test_a_request_id_serves_once(city: City) -> None:
    question = auth(DRIVING, PEOPLE[0].number)
    assert city.g1("auth", question)["correlation_id"] == question["request_id"]
    assert refused(city.g1("auth", question)) == "20004"


def test_a_wrong_log_in_is_refused(city: City) -> None:
    def login(**change: str) -> str:
        return refused(city.json("POST", f"{G1}/security/login", json=SECRETS["g1"] | change))

    assert login(password="another") == "10001"
    assert login(org_code="") == "20001"
    city.token = "nobody's"
    assert refused(city.g1("auth", auth(DRIVING, PEOPLE[0].number))) == "10002"


def test_a_token_expires(files: dict[str, Path]) -> None:
    for short_lived in connected(files, "--token-life", "0", "--people", "20", "--companies", "20"):
        short_lived.login()
        assert refused(short_lived.g1("auth", auth(DRIVING, PEOPLE[0].number))) == "10003"


def test_an_unknown_path_of_the_platform_is_not_found(city: City) -> None:
    status, body = city.call("GET", f"{G1}/license/nothing")
    assert (status, refused(json.loads(body))) == (404, "20006")


def test_g1_shows_the_faults_of_its_codes(city: City) -> None:
    for fault, code in (("unknown_status", "77777"), ("busy", "50001"), ("expired_token", "10003")):
        city.arm("g1", fault)
        assert refused(city.g1("auth", auth(DRIVING, PEOPLE[0].number))) == code
    assert refused(city.g1("auth", auth(DRIVING, PEOPLE[0].number))) == "10003"
    city.login()
    assert city.g1("auth", auth(DRIVING, PEOPLE[0].number))["ack_code"] == "SUCCESS"


@pytest.mark.parametrize("item", CATALOGUE)
def test_g1_shows_faults_in_the_shape_of_a_record(city: City, item: str) -> None:
    number = holder_of(item, 0)
    [true] = RECORDS.licences(number, item)

    def spoilt(fault: str) -> dict[str, Any]:
        city.arm("g1", fault)
        [code] = city.g1("auth", auth(item, number))["auth_codes"]
        return dict(city.licence(code)["data"])

    assert len(set(true.fields) - set(json.loads(spoilt("missing_field")["data_fields"]))) == 1
    for fault in ("unknown_code", "bad_date"):
        fields = json.loads(spoilt(fault)["data_fields"])
        assert len([key for key in true.fields if true.fields[key] != fields[key]]) == 1
    assert not set(spoilt("other_holder")["holder_identity_num"].split(",")) & {number}
    city.arm("g1", "two_holders")
    rows = city.g1("auth", auth(item, number))["data"]
    assert [number in row["holder_identity_num"] for row in rows] == [True, False]
