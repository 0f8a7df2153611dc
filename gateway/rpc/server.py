"""The front door's listener: mutual TLS, the services, health, reflection, limits, and a stop that loses no call.

Laws: a call without a client certificate does not connect; there is no plaintext port.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from gateway.rpc.metering import Metering
from gateway.rpc.pb.v1 import directory_service_pb2, evidence_service_pb2, ledger_service_pb2
from gateway.rpc.pb.v1.directory_service_pb2_grpc import add_DirectoryServiceServicer_to_server
from gateway.rpc.pb.v1.evidence_service_pb2_grpc import add_EvidenceServiceServicer_to_server
from gateway.rpc.pb.v1.ledger_service_pb2_grpc import add_LedgerServiceServicer_to_server
from gateway.rpc.reflection import add_reflection
from gateway.rpc.registering import Registrar
from gateway.rpc.rotating import Rotating, Shown
from gateway.rpc.services import Directory, Evidence, Inside, Ledger, open_calls

SERVICES = (
    evidence_service_pb2.DESCRIPTOR.services_by_name["EvidenceService"].full_name,
    directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"].full_name,
    ledger_service_pb2.DESCRIPTOR.services_by_name["LedgerService"].full_name,
)

_HOUR_MS = 3_600_000
_OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.max_send_message_length", 16 * 1024 * 1024),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", 256),
    ("grpc.max_connection_age_ms", _HOUR_MS),
    ("grpc.max_connection_age_grace_ms", 60_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where we listen, and what we show there."""

    address: str
    shown: Shown


class Server:
    """One listener. `start` gives the port; `stop` says NOT_SERVING, lets those inside finish, and only then closes."""

    def __init__(self, listener: Listener, inside: Inside, metering: Metering) -> None:
        self._listener = listener
        self._rotating = Rotating(listener.shown)
        self._port = 0
        self._door = inside.door
        self._health = HealthServicer()
        self._server = grpc.aio.server(options=_OPTIONS)
        self._calls = open_calls(inside, metering.meter)
        registrar: Any = Registrar(self._server, metering, self._calls)
        add_EvidenceServiceServicer_to_server(Evidence(inside), registrar)
        add_DirectoryServiceServicer_to_server(Directory(inside), registrar)
        add_LedgerServiceServicer_to_server(Ledger(inside), registrar)
        add_HealthServicer_to_server(self._health, registrar)
        add_reflection(registrar, (*SERVICES, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name))

    async def start(self) -> int:
        """Begins to serve and returns the port. Raises OSError if the address is taken."""
        try:
            self._port = self._server.add_secure_port(self._listener.address, self._rotating.credentials)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {self._listener.address}: is it taken by another program?") from error
        await self._server.start()
        await self._say(health_pb2.HealthCheckResponse.SERVING)
        return self._port

    async def show(self, shown: Shown) -> None:
        """Shows something else to whoever connects from now on; connections that stand stay. Raises NotShown, and nothing changed."""
        host = self._listener.address.rpartition(":")[0].strip("[]")
        await self._rotating.show(shown, host, self._port)

    async def sweep(self) -> None:
        """Ends the streams of callers who are believed no more."""
        await self._calls.sweep()

    def accepted(self) -> int:
        """How many connections came in. Whether their handshakes succeeded, gRPC tells nobody."""
        return self._rotating.accepted

    async def stop(self, grace: float) -> None:
        """Ends within `grace` seconds."""
        await self._say(health_pb2.HealthCheckResponse.NOT_SERVING)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._door.close(), grace)
        await self._server.stop(grace=0.5)
        self._rotating.close()

    async def _say(self, status: int) -> None:
        for service in ("", *SERVICES):
            await self._health.set(service, status)
