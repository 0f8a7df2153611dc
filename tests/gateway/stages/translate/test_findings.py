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
CHECK, ISSUED, TYPED, FORM = (
    FindingCode.IDENTIFIER_CHECK_FAILED,
    FindingCode.IDENTIFIER_ISSUER_INVALID,
    FindingCode.IDENTIFIER_TYPE_INVALID,
    FindingCode.IDENTIFIER_FORM_INVALID,
)
ODD = {
    "wrong check": (elicence_identifier(TYPE, ISSUER, SERIAL, wrong_check=True), {CHECK}),
    "area code for an issuer": (elicence_identifier(TYPE, "440600", SERIAL), {ISSUED}),
    "nobody defines the type": (elicence_identifier("99999999999999999X901", ISSUER, SERIAL), {TYPED}),
    "letter in the type": (elicence_identifier("11100000M00000035K90A", ISSUER, SERIAL), {FORM}),
    "long version": (elicence_identifier(TYPE, ISSUER, SERIAL, "0001"), {FORM}),
    "two things": (elicence_identifier(TYPE, "440600", SERIAL, wrong_check=True), {CHECK, ISSUED}),
    "two of one form": (f"1.2.156.3005.2.{TYPE}.{ISSUER}.syn-1.01.0", {CHECK, FORM}),
    "no identifier": ("粤〔2030〕17", {FORM}),
    "empty parts": ("1.2.156.3005.2.....", {FORM}),
    "too long": ("x" * 129, {FORM}),
}
odd = pytest.mark.parametrize(("text", "codes"), ODD.values(), ids=ODD)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("text", [None, IDENTIFIER], ids=["none", "sound"])
def test_nothing_is_odd_about_a_sound_identifier_or_none(text: str | None, *, strict: bool) -> None:
    assert of_identifier(text, strict=strict) == ()


@odd
def test_what_is_odd_is_told_once(text: str, codes: set[FindingCode]) -> None:
    assert of_identifier(text, strict=False) == tuple(Finding(code, "identifier") for code in sorted(codes))


@odd
def test_strict_policy_refuses_and_names_the_rule(text: str, codes: set[FindingCode]) -> None:
    with pytest.raises(Refusal) as refused:
        of_identifier(text, strict=True)
    assert refused.value.reason is Reason.CITY_ANSWER_INVALID
    assert refused.value.detail == f"answer part identifier: breaks GB/T 36904: {', '.join(sorted(codes))}"
    assert text not in refused.value.detail


def test_every_finding_of_the_standard_has_its_code() -> None:
    assert findings._CODES.keys() == set(ELicenceFinding)
