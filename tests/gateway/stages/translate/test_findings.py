"""What is odd about an identifier is told, each thing once, and refused where policy is strict."""

import pytest

from adapters.simulation.identifiers import elicence_identifier
from gateway.model.evidence import Finding, FindingCode
from gateway.model.identifiers import ELicenceFinding
from gateway.model.refusal import Reason, Refusal
from gateway.stages.translate import findings
from gateway.stages.translate.findings import of_identifier
from tests.gateway.stages.builders import IDENTIFIER

TYPE, ISSUER, SERIAL = "11100000M00000035K901", "11440600M00000027C", "SYN2030000001"
WRONG_CHECK = elicence_identifier(TYPE, ISSUER, SERIAL, wrong_check=True)

ODD = {
    WRONG_CHECK: {FindingCode.IDENTIFIER_CHECK_FAILED},
    elicence_identifier(TYPE, "440600", SERIAL): {FindingCode.IDENTIFIER_ISSUER_INVALID},
    elicence_identifier("99999999999999999X901", ISSUER, SERIAL): {FindingCode.IDENTIFIER_TYPE_INVALID},
    elicence_identifier("11100000M00000035K90A", ISSUER, SERIAL): {FindingCode.IDENTIFIER_FORM_INVALID},
    elicence_identifier(TYPE, ISSUER, SERIAL, "0001"): {FindingCode.IDENTIFIER_FORM_INVALID},
    elicence_identifier(TYPE, "440600", SERIAL, wrong_check=True): {
        FindingCode.IDENTIFIER_CHECK_FAILED,
        FindingCode.IDENTIFIER_ISSUER_INVALID,
    },
    f"1.2.156.3005.2.{TYPE}.{ISSUER}.syn-1.01.0": {FindingCode.IDENTIFIER_CHECK_FAILED, FindingCode.IDENTIFIER_FORM_INVALID},
    "粤〔2030〕17": {FindingCode.IDENTIFIER_FORM_INVALID},
    "1.2.156.3005.2.....": {FindingCode.IDENTIFIER_FORM_INVALID},
    "x" * 129: {FindingCode.IDENTIFIER_FORM_INVALID},
}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("text", [None, IDENTIFIER])
def test_nothing_is_odd_about_a_sound_identifier_or_none(text: str | None, *, strict: bool) -> None:
    assert of_identifier(text, strict=strict) == ()


@pytest.mark.parametrize(("text", "codes"), ODD.items())
def test_what_is_odd_is_told_once(text: str, codes: set[FindingCode]) -> None:
    assert of_identifier(text, strict=False) == tuple(Finding(code, "identifier") for code in sorted(codes))


@pytest.mark.parametrize(("text", "codes"), ODD.items())
def test_strict_policy_refuses_and_names_the_rule(text: str, codes: set[FindingCode]) -> None:
    with pytest.raises(Refusal) as refused:
        of_identifier(text, strict=True)
    assert refused.value.reason is Reason.CITY_ANSWER_INVALID
    assert refused.value.detail == f"answer part identifier: breaks GB/T 36904: {', '.join(sorted(codes))}"
    assert text not in refused.value.detail


def test_every_finding_of_the_standard_has_its_code() -> None:
    assert findings._CODES.keys() == set(ELicenceFinding)
