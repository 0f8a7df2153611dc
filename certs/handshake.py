"""A real handshake on loopback with grpcio's own TLS, for material that is not in force yet.

Laws: the peer is made on the spot, with a CA that lives for minutes and a key that is never written; a call is made, for a
client whose certificate is refused learns it no sooner in TLS 1.3; it blocks for at most `SECONDS`, so not on an event loop.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any, Final

import grpc

from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage

SECONDS: Final = 30.0
"""A refusal comes at once; so long may a busy machine take to say neither."""

_METHOD: Final = ("certs.Handshake", "Shake")
_HOST: Final = "localhost"
_LIFE: Final = timedelta(hours=1)
_TELLING: Final = (
    ("hostname", "its certificate does not bear the name by which it was called"),
    ("certificate_verify_failed", "its certificate does not lead to the published bundle, or is not valid now"),
)


def as_server(leaf: Leaf, authorities: bytes, host: str, now: datetime) -> str:
    """Why a client that knows these CAs (PEM) and calls us `host` does not get through to a server with this leaf; empty if it does."""
    peer = _peer(now)
    server = grpc.ssl_server_credentials([(leaf.key, leaf.certificate)], peer.certificate_pem, require_client_auth=True)
    visitor = _throw_away(now, Usage.CLIENT)
    client = grpc.ssl_channel_credentials(authorities, visitor.key, visitor.certificate)
    return _refused(server, client, host, "the client refused it")


def as_client(leaf: Leaf, authorities: bytes, now: datetime) -> str:
    """Why a server that knows these CAs (PEM) does not let in a client with this leaf; empty if it does."""
    host = _throw_away(now, Usage.SERVER)
    server = grpc.ssl_server_credentials([(host.key, host.certificate)], authorities, require_client_auth=True)
    client = grpc.ssl_channel_credentials(_peer(now).certificate_pem, leaf.key, leaf.certificate)
    return _refused(server, client, _HOST, "the server refused it")


def _refused(server: grpc.ServerCredentials, client: grpc.ChannelCredentials, host: str, otherwise: str) -> str:
    try:
        with _listening(server) as port, _calling(port, client, host) as call:
            call(b"", timeout=SECONDS)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return f"no handshake came to an end within {SECONDS:.0f} s: this machine is too busy; look again"
        details = str(error.details() or "").lower()
        return next((said for sign, said in _TELLING if sign in details), otherwise)
    except (RuntimeError, OSError):
        return "grpcio cannot build its credentials from this certificate and key"
    return ""


@contextmanager
def _listening(credentials: grpc.ServerCredentials) -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(1))
    handlers: dict[str, Any] = {_METHOD[1]: grpc.unary_unary_rpc_method_handler(lambda request, _: request)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_METHOD[0], handlers),))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait(SECONDS)


@contextmanager
def _calling(port: int, credentials: grpc.ChannelCredentials, host: str) -> Iterator[Callable[..., bytes]]:
    options = (("grpc.ssl_target_name_override", host), ("grpc.enable_http_proxy", 0))
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options) as channel:
        yield channel.unary_unary(f"/{'/'.join(_METHOD)}")


@lru_cache(maxsize=1)
def _peer(now: datetime) -> Authority:
    return Authority.create("loopback handshake", now, 2 * _LIFE)


def _throw_away(now: datetime, usage: Usage) -> Leaf:
    profile = Profile(
        uri="spiffe://loopback.test/handshake",
        usages=frozenset({usage}),
        dns_names=(_HOST,),
        ip_addresses=(IPv4Address("127.0.0.1"),),
    )
    return _peer(now).issue(profile, now, _LIFE)
