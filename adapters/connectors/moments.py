"""How cities write moments: counted since 1970, or in a strftime form by Beijing time.

Laws: pure; what is no moment in the form asked for is refused, and its text told to nobody.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from adapters.connectors.verdict import invalid

BEIJING: Final = timezone(timedelta(hours=8))
_PER_SECOND: Final = MappingProxyType({"seconds": 1, "milliseconds": 1000})
"""Forms that count."""
_DAY: Final = 86_400
_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COUNT: Final = re.compile(r"[0-9]{1,13}")


def write_moment(moment: datetime, form: str) -> str:
    """The moment (aware) in this form."""
    if count := _PER_SECOND.get(form):
        since = moment - _EPOCH
        return str((since.days * _DAY + since.seconds) * count + since.microseconds * count // 1_000_000)
    return moment.astimezone(BEIJING).strftime(form)


def read_moment(written: object, form: str, where: str) -> datetime:
    """The moment, UTC. Raises CITY_ANSWER_INVALID."""
    text = str(written) if type(written) is int else written
    if isinstance(text, str):
        try:
            if count := _PER_SECOND.get(form):
                if _COUNT.fullmatch(text):
                    return _EPOCH + int(text) * (_SECOND // count)
            else:
                return datetime.strptime(text, form).replace(tzinfo=BEIJING).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise invalid(where, "is no moment in the form of the interface") from None
