"""Traces arrive at a receiver of the collector's own protocol, by the official protos, under the exchange's id, and name nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gateway.client import QueryRefused
from gateway.clock import SystemClock, entropy, new_id
from gateway.development.layout import WINDOW, Layout
from gateway.development.samples import samples
from gateway.telemetry import traces as tracing
from gateway.telemetry.traces import Traces
from tests.gateway.living import caller, client, running
from tests.gateway.telemetry.test_access import ENDED

NAME = "司徒金丝雀"
ALLOWED = {"exchange_id", "evidence_type", "region", "department", "system", "agreement", "result", "reason", "blame"}


@dataclass
class Collector(TraceServiceServicer):
    """What was sent to it."""

    spans: list[Span] = field(default_factory=list)
    raw: bytes = b""

    async def Export(self, request: ExportTraceServiceRequest, context: object) -> ExportTraceServiceResponse:  # noqa: N802
        self.raw += request.SerializeToString()
        self.spans += [span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans]
        return ExportTraceServiceResponse()


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    collector, server = Collector(), grpc.aio.server()
    add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield collector, f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def attributes(span: Span) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that is there is waited for, however busy the machine is."""
    monkeypatch.setattr(tracing, "_PATIENCE", 60)


@pytest.mark.usefixtures("patient")
async def test_an_exchange_is_one_trace_with_its_parts_one_after_the_other() -> None:
    exchange_id = new_id()
    async with collecting() as (collector, address):
        traces = Traces(address, "0.1", SystemClock(), entropy)
        traces.ended(
            ENDED._replace(exchange_id=exchange_id, seconds=0.2, before_seconds=0.05, city_seconds=0.1, after_seconds=0.05)
        )
        await asyncio.to_thread(traces.close)
    spans = {each.name: each for each in collector.spans}
    assert spans.keys() == {"exchange", "before", "city", "after"}
    assert {each.trace_id for each in collector.spans} == {UUID(exchange_id).bytes}
    whole = spans.pop("exchange")
    assert {each.parent_span_id for each in spans.values()} == {whole.span_id}
    assert attributes(whole)["exchange_id"] == exchange_id
    assert attributes(whole).keys() <= ALLOWED
    order = [whole.start_time_unix_nano, spans["city"].start_time_unix_nano, spans["after"].start_time_unix_nano]
    assert order == sorted(order)
    assert spans["city"].end_time_unix_nano - spans["city"].start_time_unix_nano == pytest.approx(0.1e9, rel=1e-3)


@pytest.mark.usefixtures("patient")
async def test_a_running_gateway_sends_traces_that_name_nobody(living: Layout) -> None:
    sample = next(each for each in samples() if each.client == WINDOW)
    async with collecting() as (collector, address):
        before = living.config.read_text()
        living.config.write_text(f'{before}traces: {{address: "{address}"}}\n')
        try:
            async with running(living) as (serving, _), client(serving, caller(living)) as asking:
                with pytest.raises(QueryRefused) as refused:
                    await asking.query(
                        evidence_type=sample.type,
                        region=sample.region,
                        holder=replace(sample.holder, name=NAME),
                        purpose=replace(sample.purpose, operator=replace(sample.purpose.operator, name=NAME)),
                        legal_basis=sample.legal_basis,
                        parameters=sample.parameters,
                        request_id=new_id(),  # of our own, so that it is asked once
                    )
        finally:
            living.config.write_text(before)
    wholes = [each for each in collector.spans if each.name == "exchange"]
    assert refused.value.told.exchange_id in {attributes(each)["exchange_id"] for each in wholes}
    assert not any(text.encode() in collector.raw for text in (NAME, sample.holder.id_number))


async def test_a_collector_that_is_away_fails_nothing(tmp_path: Path) -> None:
    traces = Traces("127.0.0.1:1", "0.1", SystemClock(), entropy)
    traces.ended(ENDED._replace(exchange_id=new_id(), city_seconds=0.0))
    async with asyncio.timeout(60):
        await asyncio.to_thread(traces.close)
