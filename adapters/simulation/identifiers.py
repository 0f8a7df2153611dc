"""How a city's registers number people, organisations and e-licences: construction only, no judging.

Laws: written apart from the gateway's own checks, so that one can find the other's mistakes.
Standards: GB 11643 (resident numbers), GB 32100 and GB 11714 (credit codes), GB/T 36904 (e-licence identifiers).
"""

from datetime import date

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ELICENCE_OID = "1.2.156.3005.2"


def resident_number(division: str, born: date, sequence: int) -> str:
    """The 18-character number of GB 11643: division (6), birth date (8), sequence (3, odd for men), check."""
    body = f"{division}{born:%Y%m%d}{sequence:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_RESIDENT_WEIGHTS, body, strict=True))
    return body + _RESIDENT_CHECKS[total % 11]


def organisation_code(body: str) -> str:
    """The 9-character organisation code of GB 11714 from its first eight characters."""
    total = sum(weight * _BASE36.index(sign) for weight, sign in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return body + "0123456789X0"[11 - total % 11]


def credit_code(department: str, division: str, organisation: str) -> str:
    """The 18-character unified social credit code of GB 32100, both checks right.

    `department` is the registering department and category (2, "91" an enterprise, "11" a state organ),
    `organisation` the first eight characters of the organisation code.
    """
    body = f"{department}{division}{organisation_code(organisation)}"
    total = sum(_CREDIT_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + _CREDIT_ALPHABET[(31 - total % 31) % 31]


def elicence_identifier(
    type_code: str,
    issuer: str,
    serial: str,
    version: str = "001",
    *,
    wrong_check: bool = False,
) -> str:
    """The dotted identifier of GB/T 36904, check by ISO/IEC 7064 MOD 37,36 over the parts without the OID.

    With `wrong_check` the last character is another one, as provinces do issue them.
    """
    product = 36
    for sign in f"{type_code}{issuer}{serial}{version}":
        product = (product + _BASE36.index(sign)) % 36 or 36
        product = 2 * product % 37
    check = (37 - product + wrong_check) % 36
    return ".".join((_ELICENCE_OID, type_code, issuer, serial, version, _BASE36[check]))
