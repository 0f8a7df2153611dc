"""The identifiers of people, organisations, e-licences and divisions: pure rules on text, frozen values.

Laws: standard library only; today's date is passed in; the only error raised for text is InvalidIdentifier, and it
repeats nothing of the text; whatever names one person prints redacted.
Serves: GB 11643, GB 32100, GB 11714, GB/T 2260, GB/T 36903, GB/T 36904, ISO/IEC 7064.
"""

from gateway.model.identifiers import division
from gateway.model.identifiers.credit_code import CreditCode, is_credit_code
from gateway.model.identifiers.division import Standing
from gateway.model.identifiers.elicence import ELicenceFinding, ELicenceIdentifier, check_character
from gateway.model.identifiers.fault import Fault, InvalidIdentifier
from gateway.model.identifiers.holder import HolderIdType, HolderKind, parse_holder_number
from gateway.model.identifiers.licence_code import LicenceCode
from gateway.model.identifiers.resident_number import ResidentFinding, ResidentKind, ResidentNumber, Sex

__all__ = [
    "CreditCode",
    "ELicenceFinding",
    "ELicenceIdentifier",
    "Fault",
    "HolderIdType",
    "HolderKind",
    "InvalidIdentifier",
    "LicenceCode",
    "ResidentFinding",
    "ResidentKind",
    "ResidentNumber",
    "Sex",
    "Standing",
    "check_character",
    "division",
    "is_credit_code",
    "parse_holder_number",
]
