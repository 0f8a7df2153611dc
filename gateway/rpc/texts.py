"""What a text of a request may look like."""

import re
from typing import Final

from gateway.model.unshown import UNSHOWN


def text(longest: int) -> re.Pattern[str]:
    """One line of 1 to `longest` characters, without a blank at its ends and without a control character."""
    return re.compile(rf"(?=\S)[^\x00-\x1f\u2028\u2029{UNSHOWN}]{{1,{longest}}}(?<=\S)")


PLAIN: Final = text(200)
