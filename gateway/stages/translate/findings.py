"""What is odd about an e-licence identifier: flagged and let through, or, where policy is strict, refused.

Real identifiers with wrong check characters exist, even in a province's own documents. Source: GB/T 36904.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.model.evidence import Finding, FindingCode, Value
from gateway.model.identifiers import ELicenceFinding, ELicenceIdentifier, InvalidIdentifier
from gateway.stages.translate.reading import invalid

_CODES: Mapping[ELicenceFinding, FindingCode] = MappingProxyType(
    {
        ELicenceFinding.CHECK: FindingCode.IDENTIFIER_CHECK_FAILED,
        ELicenceFinding.ISSUER_NOT_CREDIT_CODE: FindingCode.IDENTIFIER_ISSUER_INVALID,
        ELicenceFinding.TYPE_DEFINER_NOT_CREDIT_CODE: FindingCode.IDENTIFIER_TYPE_INVALID,
        ELicenceFinding.TYPE_FORM: FindingCode.IDENTIFIER_FORM_INVALID,
        ELicenceFinding.SERIAL_FORM: FindingCode.IDENTIFIER_FORM_INVALID,
        ELicenceFinding.VERSION_FORM: FindingCode.IDENTIFIER_FORM_INVALID,
    }
)


def of_identifier(text: Value | None, *, strict: bool) -> tuple[Finding, ...]:
    """The findings on the identifier, none where there is no identifier. Raises CITY_ANSWER_INVALID in strict mode."""
    if text is None:
        return ()
    codes = _examine(str(text))
    if codes and strict:
        raise invalid("identifier", f"breaks GB/T 36904: {', '.join(codes)}")
    return tuple(Finding(code, "identifier") for code in codes)


def _examine(text: str) -> tuple[FindingCode, ...]:
    try:
        found = ELicenceIdentifier.parse(text).findings
    except InvalidIdentifier:
        return (FindingCode.IDENTIFIER_FORM_INVALID,)
    return tuple(sorted({_CODES[each] for each in found}))
