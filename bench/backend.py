"""What stands behind the bare pass-through: grpc.aio over mutual TLS, the same bytes for every request of a kind.

Usage: python -m bench.backend --help
"""

from collections.abc import Mapping
from pathlib import Path

import grpc
import uvloop

from bench.serving import serve_bytes, tls_options


class Replies(grpc.GenericRpcHandler):
    """One answer a kind; a request names its kind in its bytes."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        async def reply(request: bytes, _: object) -> bytes:
            return next(answer for kind, answer in answers.items() if kind in request)

        self._handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(reply)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":  # noqa: ARG002  all alike
        """The same for every method."""
        return self._handler


def main() -> None:
    """Serve until told to end."""
    parser = tls_options("bench.backend", __doc__)
    parser.add_argument("--answers", type=Path, required=True, help="folder; <part of a request>.bin is what it is answered")
    options = parser.parse_args()
    answers = {path.stem.encode(): path.read_bytes() for path in options.answers.iterdir()}
    uvloop.run(serve_bytes(Replies(answers), options))


if __name__ == "__main__":
    main()
