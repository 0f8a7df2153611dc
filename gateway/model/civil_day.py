"""The calendar day in China, by which births and terms are reckoned: UTC has another one until eight in the morning.

Law: one offset for all times; China Standard Time has known no other since summer time ended in 1991.
"""

from datetime import date, datetime, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))


def day(moment: datetime) -> date:
    """The day on which the moment (aware) falls."""
    return moment.astimezone(CHINA).date()
