"""Names are built as SPIFFE IDs, or not at all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs import subject

# Mostly from the grammar's own signs, so that most draws come close to it.
_ALMOST = st.text("az09._-", max_size=12) | st.text("aZ9._-/%:é \n", max_size=12) | st.text(max_size=5)
# The grammar of the standard, written apart from the code's.
_SPIFFE_ID = re.compile(r"spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]+)+")


def test_the_three_kinds_of_name() -> None:
    code = "11440100M00000019P"
    department = subject.department_system("guangzhou.test", code, "window")
    assert department == f"spiffe://guangzhou.test/department/{code}/system/window"
    assert subject.city_system("foshan.test", "simulator") == "spiffe://foshan.test/city/simulator"
    assert subject.gateway("gateway.test", "one") == "spiffe://gateway.test/gateway/one"


@given(_ALMOST, _ALMOST, _ALMOST)
def test_any_input_gives_a_spiffe_id_with_these_parts_or_an_error(domain: str, code: str, system: str) -> None:
    try:
        uri = subject.department_system(domain, code, system)
    except ValueError:
        return
    assert _SPIFFE_ID.fullmatch(uri)
    assert uri.split("/")[2:] == [domain, "department", code, "system", system]
    assert not {".", ".."} & {code, system}


@pytest.mark.parametrize("domain", ["", "Guangzhou.test", "guangzhou.test:443", "a@b", "a/b", "广州", "a" * 256, "a\n"])
def test_a_trust_domain_outside_the_grammar_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="trust domain"):
        subject.gateway(domain, "one")


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a%2e", "窗口", "a\n", "a?b", "a#b"])
def test_a_path_part_outside_the_grammar_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="SPIFFE path"):
        subject.gateway("gateway.test", name)
    assert not subject.is_segment(name)
    assert not subject.is_spiffe_id(f"spiffe://gateway.test/gateway/{name}")


def test_a_slash_cannot_add_a_part_to_the_path() -> None:
    with pytest.raises(ValueError, match="SPIFFE path"):
        subject.department_system("guangzhou.test", "11440100M00000019P", "window/system/other")


def test_a_name_may_have_2048_bytes_and_no_more() -> None:
    longest = "n" * (subject.MAX_BYTES - len("spiffe://gateway.test/gateway/"))
    uri = subject.gateway("gateway.test", longest)
    assert subject.is_spiffe_id(uri)
    assert not subject.is_spiffe_id(uri + "n")
    with pytest.raises(ValueError, match="2048"):
        subject.gateway("gateway.test", longest + "n")


@pytest.mark.parametrize(
    "uri",
    ["", "spiffe:", "spiffe://", "spiffe://a.test", "spiffe://a.test/", "SPIFFE://a.test/b", "https://a.test/b"],
)
def test_what_names_nothing_in_a_trust_domain_is_no_spiffe_id(uri: str) -> None:
    assert not subject.is_spiffe_id(uri)
