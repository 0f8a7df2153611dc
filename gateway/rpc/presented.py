"""What a connection shows of who calls: its certificate, and what it says was shown to it (x-forwarded-client-cert).

Laws: the header is read and never judged here; one that cannot be read, or stands twice, names a certificate that is none, so that it is
refused and not passed over.
Source: Envoy, HTTP connection manager, x-forwarded-client-cert (XFCC); nginx writes the same from $ssl_client_escaped_cert.
"""

import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import grpc

from gateway.model.identity import Peer

HEADER: Final = "x-forwarded-client-cert"
_PAIR: Final = r'([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))'
_ONE_ELEMENT: Final = re.compile(f"{_PAIR}(?:;{_PAIR})*")
_EACH: Final = re.compile(_PAIR)
_REMEMBERED: Final = 512
_UNREADABLE: Final = Peer(b"")

Context = grpc.aio.ServicerContext[Any, Any]


def peer(context: Context) -> Peer:
    """Who is at the other end, and whom they name."""
    shown = context.auth_context()
    leaf, chain = b"".join(shown.get("x509_pem_cert", ())), b"".join(shown.get("x509_pem_cert_chain", ()))
    said = [value for name, value in context.invocation_metadata() or () if name == HEADER]
    return Peer(leaf, chain, _forwarded(*said) if said else None)


@lru_cache(maxsize=_REMEMBERED)
def _forwarded(*said: str) -> Peer:
    """The certificate that the header names: of one proxy, named once."""
    if len(said) != 1 or not _ONE_ELEMENT.fullmatch(said[0]):
        return _UNREADABLE
    pairs = [(name.lower(), unquote_to_bytes(quoted or plain)) for name, quoted, plain in _EACH.findall(said[0])]
    leaf, chain = ([value for name, value in pairs if name == wanted] for wanted in ("cert", "chain"))
    return Peer(leaf[0], b"".join(chain)) if len(leaf) == 1 and len(chain) <= 1 else _UNREADABLE
