"""How cities write moments: counted since 1970, or in a strftime form by Beijing time.

Laws: pure; what is no moment in the form asked for is refused, and its text told to nobody.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from adapters.connectors.verdict import invalid

BEIJING: Final = timezone(timedelta(hours=8))
UNITS: Final = MappingProxyType({"seconds": timedelta(seconds=1), "milliseconds": timedelta(milliseconds=1)})
"""Forms that count."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COUNT: Final = re.compile(r"[0-9]{1,13}")


def write_moment(moment: datetime, form: str) -> str:
    """The moment (aware) in this form."""
    if unit := UNITS.get(form):
        return str((moment - _EPOCH) // unit)
    return moment.astimezone(BEIJING).strftime(form)


def read_moment(written: object, form: str, where: str) -> datetime:
    """The moment, UTC. Raises CITY_ANSWER_INVALID."""
    text = str(written) if type(written) is int else written
    if isinstance(text, str):
        try:
            if unit := UNITS.get(form):
                if _COUNT.fullmatch(text):
                    return _EPOCH + int(text) * unit
            else:
                return datetime.strptime(text, form).replace(tzinfo=BEIJING).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise invalid(where, "is no moment in the form of the interface") from None
