"""Page tokens: where the next page begins, in a form that nobody can make but us and that serves no other question.

Laws: no state is kept; a token is taken for the question that it was made for, and for no other; it tells nothing of the question.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Self

_NUMBER = 8
_MAC = 16
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
_PADDING = "="


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The page's entries have an index below `before`, in the log of the first `size` entries."""

    size: int
    before: int

    def token(self, key: bytes, question: bytes) -> str:
        """43 characters."""
        place = self.size.to_bytes(_NUMBER) + self.before.to_bytes(_NUMBER)
        return urlsafe_b64encode(place + _mac(key, place, question)).decode().rstrip(_PADDING)

    @classmethod
    def read(cls, token: str, key: bytes, question: bytes) -> Self | None:
        """The place that a token of this question names; None for any other text."""
        if not _FORM.fullmatch(token):
            return None
        whole = urlsafe_b64decode(token + _PADDING)
        place, mac = whole[:-_MAC], whole[-_MAC:]
        if urlsafe_b64encode(whole).decode().rstrip(_PADDING) != token or not hmac.compare_digest(
            mac, _mac(key, place, question)
        ):
            return None
        return cls(int.from_bytes(place[:_NUMBER]), int.from_bytes(place[_NUMBER:]))


def _mac(key: bytes, place: bytes, question: bytes) -> bytes:
    return hmac.digest(key, b"page\0" + place + question, "sha256")[:_MAC]
