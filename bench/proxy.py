"""The least that a gateway in Python could cost: grpc.aio, bytes in, bytes out, mutual TLS on both sides, and nothing else.

It reads no message, keeps no record and knows no caller. Usage: python -m bench.proxy --help
"""

import argparse
from pathlib import Path

import grpc
import uvloop

from bench.serving import serve_bytes, tls_options


class PassThrough(grpc.GenericRpcHandler):
    """Every method, forwarded as it is."""

    def __init__(self, behind: grpc.aio.Channel) -> None:
        self._behind = behind
        self._known: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """The handler of one method, made once."""
        method = handler_call_details.method
        if method not in self._known:
            ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._behind.unary_unary(method)

            async def forward(request: bytes, _: object) -> bytes:
                answer: bytes = await ask(request)
                return answer

            self._known[method] = grpc.unary_unary_rpc_method_handler(forward)
        return self._known[method]


async def _serve(options: argparse.Namespace) -> None:
    authorities = options.backend_ca.read_bytes()
    ours = grpc.ssl_channel_credentials(authorities, options.client_key.read_bytes(), options.client_cert.read_bytes())
    name = (("grpc.ssl_target_name_override", options.backend_name),)
    async with grpc.aio.secure_channel(options.backend, ours, name) as behind:
        await serve_bytes(PassThrough(behind), options)


def main() -> None:
    """Serve until told to end."""
    parser = tls_options("bench.proxy", __doc__)
    for name in ("client-cert", "client-key", "backend-ca"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="for the way to the backend, PEM")
    parser.add_argument("--backend", required=True, metavar="HOST:PORT")
    parser.add_argument("--backend-name", required=True, help="the name in the backend's certificate")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
