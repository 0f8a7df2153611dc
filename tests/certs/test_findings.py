"""Each fault has one wording, which says what to do and needs nothing that its check does not give."""

from datetime import UTC, datetime
from string import Formatter

import pytest

from certs.findings import WORDING, Code, Finding, Severity
from certs.findings_zh import WORDING_ZH

_FACTS: dict[str, object] = {
    "why": "W",
    "kind": "K",
    "count": 2,
    "uri": "U",
    "role": "client",
    "usage": "clientAuth",
    "start": datetime(2030, 1, 2, 3, 4, tzinfo=UTC),
    "end": datetime(2031, 1, 2, 3, 4, tzinfo=UTC),
    "left": 0.125,
    "issuer": "I",
    "place": 1,
    "name": "N",
    "file": "f.pem",
    "url": "http://ocsp.ca.test/",
    "mode": 0o644,
    "partner": "P",
    "source": "S",
    "now": datetime(2030, 1, 2, 3, 4, tzinfo=UTC),
    "moment": datetime(2030, 1, 2, 4, 4, tzinfo=UTC),
    "seconds": 3600.0,
}


def test_every_code_is_worded() -> None:
    assert set(WORDING) == set(Code)


def test_every_code_is_worded_in_chinese_with_the_same_facts() -> None:
    assert set(WORDING_ZH) == {each.value for each in Code}
    for code in Code:
        assert places(WORDING_ZH[code.value]) <= places(WORDING[code]), code


def places(wording: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(wording) if name}


@pytest.mark.parametrize("code", Code)
def test_a_finding_speaks_chinese_and_its_own_phrases_do_too(code: Code) -> None:
    finding = Finding.of("gateway server", code, _FACTS | {"why": "no CA there signed it"})
    assert finding.message_zh.endswith("。")
    assert "no CA there signed it" not in finding.message_zh


# "Its issuer is ...: give ..." tells what to give.
_ADVICE = {"Give", "Take", "Issue", "Check", "Renew", "Put", "Its", "Use", "Run", "Look", "Send", "Mend", "Set", "Compare"}


@pytest.mark.parametrize("code", Code)
def test_each_wording_says_what_is_the_case_and_then_what_to_do(code: Code) -> None:
    message = Finding.of("gateway server", code, _FACTS).message
    case, _, mend = message.partition(". ")
    assert case[0].islower()
    assert mend.split()[0] in _ADVICE
    assert message.endswith(".")


def test_a_finding_on_one_line() -> None:
    finding = Finding.of("gateway server", Code.RENEWAL_DUE, _FACTS)
    assert str(finding) == (
        "warning: gateway server: only 12% of its life is left; it ends on 2031-01-02 03:04 UTC. Renew it now. [renewal-due]"
    )
    assert finding.severity is Severity.WARNING
