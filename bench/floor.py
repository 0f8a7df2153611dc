"""The least that the main job takes in Python: gRPC in, two durable entries around one HTTPS exchange with the city, gRPC out.

With our log and our connections, but nothing is read, judged, translated, proven to the caller, counted or said; question and entries are
the same each time. Usage: python -m bench.floor --help
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import grpc
import uvloop

from adapters.connectors.http import HttpClient
from adapters.connectors.message import HttpRequest
from bench import behind
from bench.entries import exchanges, sqlite
from bench.serving import serve_bytes, tls_options

_HEADERS = {"Content-Type": "application/json; charset=utf-8", "x-tif-signature": "5f" * 32, "x-tif-nonce": "7a" * 16}
_BODY = b"x" * 400


class Floor(grpc.GenericRpcHandler):
    """One path of the city and one answer a kind; a request names its kind in its bytes."""

    def __init__(self, city: HttpClient, paths: Mapping[bytes, str], answers: Mapping[bytes, bytes], log: Path) -> None:
        asked = {kind: HttpRequest("POST", path, _HEADERS, _BODY) for kind, path in paths.items()}
        ledger, recorded = sqlite(log), exchanges(seed=1)

        async def answer(request: bytes, _: object) -> bytes:
            kind = next(each for each in asked if each in request)
            intent, outcome = next(recorded)
            await ledger.append(intent)
            await city.send(asked[kind], behind.SECONDS)
            await ledger.append(outcome)
            return answers[kind]

        self._handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":  # noqa: ARG002  all alike
        """The same for every method."""
        return self._handler


async def _serve(options: argparse.Namespace) -> None:
    paths = {kind.encode(): path for kind, _, path in (each.partition("=") for each in options.path)}
    answers = {kind: (options.answers / f"{kind.decode()}.bin").read_bytes() for kind in paths}
    await serve_bytes(Floor(behind.client(options), paths, answers, options.log), options)


def main() -> None:
    """Serve until told to end."""
    parser = tls_options("bench.floor", __doc__)
    behind.add_options(parser)
    parser.add_argument("--path", action="append", required=True, help="<part of a request>=<path of the city>, for each kind")
    parser.add_argument("--answers", type=Path, required=True, help="folder; <part of a request>.bin is what it is answered")
    parser.add_argument("--log", type=Path, required=True, help="file of the log to write")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
