"""The system's OpenSSL 3, as far as SM2 needs it: loaded once, called by prototypes that stand here.

Laws: nothing outside of this room touches these functions; whoever calls one that may fail clears the thread's error queue after it,
for Python's own TLS reads the same queue; a machine that cannot serve says so when the first key is made, not at the first question.
Source: OpenSSL 3.0 manual, EVP_PKEY-SM2(7), EVP_DigestSignInit(3), EVP_PKEY_encrypt(3), d2i_X509(3).
"""

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from functools import cache
from typing import Final

from adapters.guomi.fault import GuomiError

_NAMES: Final = ("libcrypto.so.3", "libcrypto.3.dylib")
_OLDEST: Final = 0x30000000

_DER = POINTER(c_void_p)
_SIZE = POINTER(c_size_t)
_PROTOTYPES: Final = {
    "OpenSSL_version_num": (c_ulong, ()),
    "ERR_clear_error": (None, ()),
    "d2i_AutoPrivateKey": (c_void_p, (c_void_p, _DER, c_long)),
    "d2i_PUBKEY": (c_void_p, (c_void_p, _DER, c_long)),
    "i2d_PUBKEY": (c_int, (c_void_p, _DER)),
    "EVP_PKEY_is_a": (c_int, (c_void_p, c_char_p)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_new": (c_void_p, (c_void_p, c_void_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_set1_id": (c_int, (c_void_p, c_char_p, c_size_t)),
    "EVP_PKEY_encrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_encrypt": (c_int, (c_void_p, c_char_p, _SIZE, c_char_p, c_size_t)),
    "EVP_PKEY_decrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_decrypt": (c_int, (c_void_p, c_char_p, _SIZE, c_char_p, c_size_t)),
    "EVP_sm3": (c_void_p, ()),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_MD_CTX_set_pkey_ctx": (None, (c_void_p, c_void_p)),
    "EVP_DigestSignInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestSign": (c_int, (c_void_p, c_char_p, _SIZE, c_char_p, c_size_t)),
    "EVP_DigestVerifyInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
}


@cache
def libcrypto() -> ctypes.CDLL:
    """The library, each function with its prototype. Raises GuomiError where there is no OpenSSL 3."""
    library = _loaded()
    try:
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError:
        raise GuomiError(
            "the system's OpenSSL has no EVP_sm3 or is no OpenSSL 3; install one that is built with SM2 and SM3"
        ) from None
    if library.OpenSSL_version_num() < _OLDEST:
        raise GuomiError("the system's OpenSSL is older than 3.0; install libssl3")
    return library


def _loaded() -> ctypes.CDLL:
    for name in _NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise GuomiError("the system has no OpenSSL 3 (libcrypto.so.3), which SM2 needs; install libssl3")
