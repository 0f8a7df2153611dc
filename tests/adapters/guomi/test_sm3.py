"""SM3 and HMAC-SM3 by published examples."""

import pytest

from adapters.guomi.sm3 import hmac_sm3, sm3
from tests.adapters.guomi.vectors import DIGESTS


@pytest.mark.parametrize(("text", "digest"), DIGESTS.items())
def test_the_standards_digests(text: bytes, digest: str) -> None:
    assert sm3(text).hex() == digest


def test_the_keyed_digest() -> None:
    assert hmac_sm3(b"key", b"hello world").hex() == "48245db81a87a488078f1fdb5e65ba910845fc319efa51b85f1266d8e37db715"
