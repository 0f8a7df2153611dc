"""The digest SM3, and HMAC with it.

Standards: GB/T 32905 (SM3), RFC 2104 (HMAC).
"""

from cryptography.hazmat.primitives import hashes, hmac


def sm3(text: bytes) -> bytes:
    """The digest, 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(text)
    return digest.finalize()


def hmac_sm3(key: bytes, text: bytes) -> bytes:
    """The keyed digest, 32 bytes."""
    digest = hmac.HMAC(key, hashes.SM3())
    digest.update(text)
    return digest.finalize()
