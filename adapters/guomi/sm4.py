"""The cipher SM4 in the modes CBC (with padding) and GCM.

Laws: whatever cannot be opened ends as one and the same GuomiError, so that nobody learns from which rule it broke. CBC proves nothing
about who wrote a text: check a signature first.
Standards: GB/T 32907 (SM4); GB/T 17964 (CBC), RFC 5652 section 6.3 (padding); RFC 8998 section 2 (GCM).
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.guomi.fault import GuomiError

KEY_BYTES: Final = 16
BLOCK_BYTES: Final = 16
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


def cbc_encrypt(key: bytes, vector: bytes, plain: bytes) -> bytes:
    """The ciphertext; the vector, 16 bytes that were never used before with this key, is not in it."""
    padder = PKCS7(BLOCK_BYTES * 8).padder()
    encryptor = Cipher(_keyed(key), modes.CBC(_sized(vector, BLOCK_BYTES))).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def cbc_decrypt(key: bytes, vector: bytes, cipher: bytes) -> bytes:
    """The plain text. Raises GuomiError."""
    decryptor = Cipher(_keyed(key), modes.CBC(_sized(vector, BLOCK_BYTES))).decryptor()
    unpadder = PKCS7(BLOCK_BYTES * 8).unpadder()
    try:
        return unpadder.update(decryptor.update(cipher) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise _unopened() from None


def gcm_encrypt(key: bytes, nonce: bytes, plain: bytes, associated: bytes = b"") -> bytes:
    """The ciphertext and after it the tag, 16 bytes; the nonce, 12 bytes never used before with this key, is not in it."""
    encryptor = Cipher(_keyed(key), modes.GCM(_sized(nonce, NONCE_BYTES))).encryptor()
    encryptor.authenticate_additional_data(associated)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def gcm_decrypt(key: bytes, nonce: bytes, cipher: bytes, associated: bytes = b"") -> bytes:
    """The plain text of what `gcm_encrypt` made. Raises GuomiError."""
    text, tag = cipher[:-TAG_BYTES], cipher[-TAG_BYTES:]
    if len(tag) != TAG_BYTES:
        raise _unopened()
    decryptor = Cipher(_keyed(key), modes.GCM(_sized(nonce, NONCE_BYTES), tag)).decryptor()
    decryptor.authenticate_additional_data(associated)
    try:
        return decryptor.update(text) + decryptor.finalize()
    except InvalidTag:
        raise _unopened() from None


def _keyed(key: bytes) -> algorithms.SM4:
    return algorithms.SM4(_sized(key, KEY_BYTES))


def _sized(value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise GuomiError(f"a key, vector or nonce of SM4 has not its {size} bytes")
    return value


def _unopened() -> GuomiError:
    return GuomiError("an SM4 ciphertext is malformed, altered or under another key")
