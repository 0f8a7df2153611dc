"""What the bench's own programs share: mutual TLS, a ready line when they serve, and an end when they are told or their parent is gone."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import grpc


def tls_options(program: str, description: str | None) -> argparse.ArgumentParser:
    """A parser of the options that every server has."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    for name, what in (("cert", "our certificate"), ("key", "our key"), ("client-ca", "who may connect")):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{what}, PEM")
    return parser


async def serve_bytes(handler: grpc.GenericRpcHandler, options: argparse.Namespace) -> None:
    """A bare grpc.aio server over mutual TLS, until it is ended."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    pair = (options.key.read_bytes(), options.cert.read_bytes())
    credentials = grpc.ssl_server_credentials([pair], options.client_ca.read_bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    await until_ended(address=f"127.0.0.1:{port}")
    await server.stop(grace=0.5)


async def until_ended(**ready: str) -> None:
    """Says that we serve, as gateway.development.processes expects it, and returns when it is time to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    await stop.wait()
