"""What a text of a request may look like."""

import re
from typing import Final


def text(longest: int) -> re.Pattern[str]:
    """One line of 1 to `longest` characters, without a blank at its ends."""
    return re.compile(rf"(?=\S)[^\x00-\x1f\x7f\ufffe\uffff]{{1,{longest}}}(?<=\S)")


PLAIN: Final = text(200)
