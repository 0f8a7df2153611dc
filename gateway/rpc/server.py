"""The front door's listener: mutual TLS, the services, health, reflection, limits, and a stop that loses no call.

Laws: a call without a client certificate does not connect; there is no plaintext port.
"""

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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
from gateway.rpc.shedding import Shedding
from gateway.rpc.yielding import yield_to_ours

SERVICES = (
    evidence_service_pb2.DESCRIPTOR.services_by_name["EvidenceService"].full_name,
    directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"].full_name,
    ledger_service_pb2.DESCRIPTOR.services_by_name["LedgerService"].full_name,
)

LEAVE_SECONDS = 60.0
"""For calls that are under way when everybody is to authenticate anew; as long as a connection of an hour gets."""

_HOUR_MS = 3_600_000
_OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.so_reuseport", 1),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.max_send_message_length", 16 * 1024 * 1024),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", 256),
    # Seconds that a call may lie with gRPC before our code takes it up. It takes calls up one after another, so when more come over many
    # connections than it can do, each waits behind all others; half a minute unless told, and then its caller has long given up.
    ("grpc.server_max_unrequested_time_in_server", 2),
    # Two minutes unless told: who connects and says nothing would hold a connection's place and memory for so long.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_age_ms", _HOUR_MS),
    ("grpc.max_connection_age_grace_ms", 60_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where we listen, and what we show there; `shared` where other processes of ours listen on the same address.

    `connections` may be there at a time, with those that have not shown a certificate yet; what comes above it is closed at once.
    """

    address: str
    shown: Shown
    shared: bool = False
    connections: int = 4_096


class Server:
    """One listener. `start` gives the port; `stop` says NOT_SERVING, lets those inside finish, and only then closes."""

    def __init__(self, listener: Listener, inside: Inside, metering: Metering) -> None:
        self._listener = listener
        self._inside = inside
        self._metering = metering
        self._port = 0
        self._health = HealthServicer()
        self._calls = open_calls(inside, metering.meter)
        self._shedding = Shedding(inside.door, lambda: inside.world().limits, metering)
        self._turn = asyncio.Lock()
        self._accepted_before = 0
        self._leaving: dict[asyncio.Task[None], grpc.aio.Server] = {}
        self._rotating, self._server = self._made(listener.shown)

    async def start(self) -> int:
        """Begins to serve and returns the port. Raises OSError if the address is taken."""
        if not self._listener.shared:
            await _refuse_taken(self._listener.address)
        self._port = self._bound(self._server, self._listener.address, self._rotating)
        await self._server.start()
        yield_to_ours()
        await self._say(health_pb2.HealthCheckResponse.SERVING)
        return self._port

    async def show(self, shown: Shown) -> None:
        """Shows something else to whoever connects from now on; connections that stand stay. Raises NotShown, and nothing changed."""
        async with self._turn:
            await self._rotating.show(shown, self._host, self._port)
            self._listener = replace(self._listener, shown=shown)

    async def reauthenticate(self) -> None:
        """Has everybody make a new handshake: a second listener on the port takes who comes, the first lets go of whom it has.

        Their next call is made over a new connection; calls under way end where they are, within `LEAVE_SECONDS`. Raises OSError where
        the port cannot be had again, and then nothing changed.
        """
        async with self._turn:
            rotating, server = self._made(self._listener.shown)
            self._bound(server, f"{self._listener.address.rpartition(':')[0]}:{self._port}", rotating)
            await server.start()
            before, old, self._rotating, self._server = self._rotating, self._server, rotating, server
            self._accepted_before += before.accepted
            leaving = asyncio.create_task(_left(old, before))
            self._leaving[leaving] = old
            leaving.add_done_callback(lambda task: self._leaving.pop(task, None))

    async def sweep(self) -> None:
        """Ends the streams of callers who are believed no more."""
        await self._calls.sweep()

    def accepted(self) -> int:
        """How many connections came in. Whether their handshakes succeeded, gRPC tells nobody."""
        return self._accepted_before + self._rotating.accepted

    async def stop(self, grace: float) -> None:
        """Ends within `grace` seconds.

        Alone, we tell whoever still comes that we are stopping. With others on the same address we leave at once to them who comes, for
        whoever is told to try again must not meet us again; those inside finish.
        """
        await self._say(health_pb2.HealthCheckResponse.NOT_SERVING)
        if self._listener.shared:
            await self._server.stop(grace)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._inside.door.close(), grace)
        # Asked again, one that is leaving ends at the earlier of both moments.
        await asyncio.gather(*(each.stop(grace=0.5) for each in (*self._leaving.values(), self._server)), *self._leaving)
        self._rotating.close()

    @property
    def _host(self) -> str:
        return self._listener.address.rpartition(":")[0].strip("[]")

    def _made(self, shown: Shown) -> tuple[Rotating, grpc.aio.Server]:
        """A server with every service, and the credentials of its port."""
        most = ("grpc.max_allowed_incoming_connections", self._listener.connections)
        server = grpc.aio.server(options=(*_OPTIONS, most))
        registrar: Any = Registrar(server, self._metering, self._calls, self._shedding)
        add_EvidenceServiceServicer_to_server(Evidence(self._inside), registrar)
        add_DirectoryServiceServicer_to_server(Directory(self._inside), registrar)
        add_LedgerServiceServicer_to_server(Ledger(self._inside), registrar)
        add_HealthServicer_to_server(self._health, registrar)
        add_reflection(registrar, (*SERVICES, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name))
        return Rotating(shown), server

    def _bound(self, server: grpc.aio.Server, address: str, rotating: Rotating) -> int:
        try:
            return server.add_secure_port(address, rotating.credentials)
        except RuntimeError as error:
            raise _taken(self._listener.address) from error

    async def _say(self, status: int) -> None:
        for service in ("", *SERVICES):
            await self._health.set(service, status)


async def _left(server: grpc.aio.Server, rotating: Rotating) -> None:
    """Every connection is told GOAWAY at once, and closed when its last call has ended."""
    await server.stop(LEAVE_SECONDS)
    rotating.close()


async def _refuse_taken(address: str) -> None:
    """Our own second listener may share the port, nobody else's: who is there already is found by asking for it alone. Raises OSError."""
    host, _, port = address.rpartition(":")
    found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    for family, kind, protocol, _, where in found:
        with socket.socket(family, kind, protocol) as alone:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                alone.bind(where)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise _taken(address) from error


def _taken(address: str) -> OSError:
    return OSError(f"cannot listen on {address}: is it taken by another program?")
