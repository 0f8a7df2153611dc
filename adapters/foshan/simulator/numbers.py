"""What Foshan accepts as a number of a person or an organisation.

Laws: form and check characters only; whether anybody bears the number is the registers' business.
Standards: GB 11643 (resident number, 18 characters), GB 32100 with GB 11714 (credit code).
"""

import re
from datetime import date

from adapters.simulation.identifiers import credit_code, resident_number

_FIRST_YEAR = 1800
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
_ORGANISATION = re.compile(r"[0-9A-Z]{18}")


def resident(text: str) -> str | None:
    """The number with its check letter in upper case; None where `text` is no resident number of 18 characters."""
    number = text.upper()
    if not _RESIDENT.fullmatch(number):
        return None
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    if born.year < _FIRST_YEAR:
        return None
    return number if resident_number(number[:6], born, int(number[14:17])) == number else None


def organisation(text: str) -> str | None:
    """The credit code in upper case; None where `text` is none or one of its two checks is wrong."""
    code = text.upper()
    if not _ORGANISATION.fullmatch(code):
        return None
    try:
        right = credit_code(code[:2], code[2:8], code[8:16])
    except ValueError:
        return None
    return code if right == code else None
