"""SM2 over the recommended curve: keys as cities hand them over, signatures with a user's id, public-key encryption.

Laws: a key that exists is on the curve and within its range; a public key verifies by returning; each failure leaves OpenSSL's error
queue empty. Keys may be used in several threads at once.
Standards: GB/T 32918.2 (signature), .4 (encryption), .5 (curve); GB/T 35276 (the default id).
"""

import ctypes
import weakref
from collections.abc import Callable
from typing import Final, Self

from adapters.guomi.fault import GuomiError
from adapters.guomi.forms import (
    NUMBER,
    ORDER,
    POINT,
    UNCOMPRESSED,
    CipherForm,
    SignatureForm,
    cipher_from_der,
    cipher_to_der,
    signature_from_der,
    signature_to_der,
)
from adapters.guomi.libcrypto import libcrypto

DEFAULT_USER: Final = b"1234567812345678"
LONGEST_USER: Final = 8190
"""Bytes: the length in bits has 16 bits (GB/T 32918.2 section 5.5), and OpenSSL wants it below the most of them."""

# DER of RFC 5208 and RFC 5915, and of RFC 5280, around a key on the curve 1.2.156.10197.1.301.
_PRIVATE: Final = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420")
_PUBLIC: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


class PublicKey:
    """A point on the curve, to verify and to encrypt with."""

    def __init__(self, point: bytes) -> None:
        """Of its two coordinates, 64 bytes, or 65 with the leading 04. Raises GuomiError."""
        self.point: Final = point if len(point) == POINT else UNCOMPRESSED + point
        if len(self.point) != POINT or not self.point.startswith(UNCOMPRESSED):
            raise GuomiError("an SM2 public key is not 64 bytes, nor 65 that begin with 04")
        self._key = _Key(libcrypto().d2i_PUBKEY, _PUBLIC + self.point, "an SM2 public key is no point on the curve")

    def verify(
        self, message: bytes, signature: bytes, form: SignatureForm = SignatureForm.DER, user: bytes = DEFAULT_USER
    ) -> None:
        """Raises GuomiError unless the signature is this key's over the message, under this user's id."""
        der, library = signature_to_der(signature, form), libcrypto()
        with _Digesting(self._key, library.EVP_DigestVerifyInit, user) as context:
            if library.EVP_DigestVerify(context.digest, der, len(der), message, len(message)) != 1:
                raise GuomiError("an SM2 signature does not fit")

    def encrypt(self, plain: bytes, form: CipherForm = CipherForm.C1C3C2) -> bytes:
        """What only the private key opens. Raises GuomiError for an empty text, which SM2 cannot carry."""
        if not plain:
            raise GuomiError("SM2 does not encrypt an empty text")
        library = libcrypto()
        der = _transformed(self._key, library.EVP_PKEY_encrypt_init, library.EVP_PKEY_encrypt, plain)
        return cipher_from_der(der, form)


class PrivateKey:
    """A number below the curve's order, to sign and to decrypt with. Its repr shows nothing."""

    def __init__(self, scalar: bytes) -> None:
        """Of 32 bytes. Raises GuomiError."""
        if len(scalar) != NUMBER or not 1 <= int.from_bytes(scalar, "big") <= ORDER - 2:
            raise GuomiError("an SM2 private key is not 32 bytes, or not below the order of the curve")
        self._key = _Key(libcrypto().d2i_AutoPrivateKey, _PRIVATE + scalar, "OpenSSL takes no SM2 private key")
        self.public: Final = PublicKey(self._key.point())

    def sign(self, message: bytes, form: SignatureForm = SignatureForm.DER, user: bytes = DEFAULT_USER) -> bytes:
        """The signature over the message and the user's id."""
        library = libcrypto()
        signature, size = ctypes.create_string_buffer(2 * POINT), ctypes.c_size_t(2 * POINT)
        with _Digesting(self._key, library.EVP_DigestSignInit, user) as context:
            if library.EVP_DigestSign(context.digest, signature, ctypes.byref(size), message, len(message)) != 1:
                raise GuomiError("OpenSSL made no SM2 signature")
        return signature_from_der(signature.raw[: size.value], form)

    def decrypt(self, cipher: bytes, form: CipherForm = CipherForm.C1C3C2) -> bytes:
        """The plain text. Raises GuomiError for a ciphertext that is malformed, altered or for another key."""
        der, library = cipher_to_der(cipher, form), libcrypto()
        return _transformed(self._key, library.EVP_PKEY_decrypt_init, library.EVP_PKEY_decrypt, der)


class _Key:
    """OpenSSL's form of a key, freed with this object."""

    def __init__(self, read: Callable[..., int | None], der: bytes, fault: str) -> None:
        library = libcrypto()
        held = ctypes.create_string_buffer(der, len(der))
        place = ctypes.c_void_p(ctypes.addressof(held))
        self.pointer = read(None, ctypes.byref(place), len(der))
        if not self.pointer:
            library.ERR_clear_error()
            raise GuomiError(f"{fault}, or this machine's OpenSSL is built without SM2")
        weakref.finalize(self, library.EVP_PKEY_free, self.pointer)

    def point(self) -> bytes:
        """The public point, 65 bytes."""
        library, size = libcrypto(), len(_PUBLIC) + POINT
        if library.i2d_PUBKEY(self.pointer, None) != size:
            raise GuomiError("OpenSSL tells no SM2 public key")
        der = ctypes.create_string_buffer(size)
        place = ctypes.c_void_p(ctypes.addressof(der))
        library.i2d_PUBKEY(self.pointer, ctypes.byref(place))
        return der.raw[len(_PUBLIC) :]


class _Digesting:
    """One signing or verifying under way; what OpenSSL lends for it is given back at the end."""

    def __init__(self, key: _Key, begin: Callable[..., int], user: bytes) -> None:
        if not 1 <= len(user) <= LONGEST_USER:
            raise GuomiError(f"the id of an SM2 user is not 1 to {LONGEST_USER} bytes")
        self._library, self._key, self._begin, self._user = libcrypto(), key, begin, user

    def __enter__(self) -> Self:
        library, pointer = self._library, self._key.pointer
        self._named = library.EVP_PKEY_CTX_new(pointer, None)
        self.digest = library.EVP_MD_CTX_new()
        library.EVP_MD_CTX_set_pkey_ctx(self.digest, self._named)
        named = library.EVP_PKEY_CTX_set1_id(self._named, self._user, len(self._user))
        if named != 1 or self._begin(self.digest, None, library.EVP_sm3(), None, pointer) != 1:
            self.__exit__()
            raise GuomiError("OpenSSL does not begin with SM2 over SM3")
        return self

    def __exit__(self, *_: object) -> None:
        self._library.EVP_MD_CTX_free(self.digest)
        self._library.EVP_PKEY_CTX_free(self._named)
        self._library.ERR_clear_error()


def _transformed(key: _Key, begin: Callable[..., int], run: Callable[..., int], text: bytes) -> bytes:
    """What encrypting or decrypting makes of the text."""
    library, size = libcrypto(), ctypes.c_size_t()
    context = library.EVP_PKEY_CTX_new(key.pointer, None)
    try:
        if begin(context) != 1 or run(context, None, ctypes.byref(size), text, len(text)) != 1:
            raise GuomiError("an SM2 text is malformed, or too long")
        made = ctypes.create_string_buffer(max(1, size.value))
        if run(context, made, ctypes.byref(size), text, len(text)) != 1:
            raise GuomiError("an SM2 ciphertext was altered, or is for another key")
        return made.raw[: size.value]
    finally:
        library.EVP_PKEY_CTX_free(context)
        library.ERR_clear_error()
