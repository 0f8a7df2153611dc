"""Exchanges as OpenTelemetry traces, for whoever installs the extra `traces` and configures a collector; off otherwise.

Laws: an attribute is a field of Ended, by allow-list, and so names no person; a trace's id is the exchange's own (its UUID has as many
bits), so that a log line leads to its trace; a collector that is away holds up nothing and fails nothing: spans are dropped.
Standard: OTLP/gRPC, opentelemetry-proto 1; collectors of this machine only, because nobody has to log in there.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Span, SpanKind, set_span_in_context

from gateway.model.exchange import Ended
from gateway.ports import Clock, Meter

_SPAN_BYTES: Final = 8
_PATIENCE: Final = 2
"""Seconds that a batch may take to be sent."""
_ATTRIBUTES: Final = ("exchange_id", "evidence_type", "region", "department", "system", "agreement", "result", "reason", "blame")


class Traces:
    """Makes spans of exchanges that ended. For one event loop; `close` sends what waits, and blocks."""

    def __init__(self, address: str, version: str, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._ids = _Ids(entropy)
        self._provider = TracerProvider(
            resource=Resource({"service.name": "kuacheng", "service.version": version}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=f"http://{address}", insecure=True, timeout=_PATIENCE)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("kuacheng")
        self._clock = clock

    def ended(self, ended: Ended) -> None:
        """One trace: the exchange, and in it our part before the question, the city's, and ours after its answer."""
        self._ids.trace = UUID(ended.exchange_id).int
        end = self._clock.now().timestamp()
        begin = end - ended.seconds
        attributes = {name: str(getattr(ended, name)) for name in _ATTRIBUTES if getattr(ended, name)}
        whole = self._tracer.start_span("exchange", kind=SpanKind.SERVER, attributes=attributes, start_time=_nanoseconds(begin))
        if ended.city_seconds:
            asked = begin + ended.before_seconds
            answered = asked + ended.city_seconds
            for name, kind, first, last in (
                ("before", SpanKind.INTERNAL, begin, asked),
                ("city", SpanKind.CLIENT, asked, answered),
                ("after", SpanKind.INTERNAL, answered, answered + ended.after_seconds),
            ):
                self._part(whole, name, kind, first, last)
        whole.end(_nanoseconds(end))

    def close(self) -> None:
        """Sends what waits, or gives it up."""
        self._provider.shutdown()

    def _part(self, whole: Span, name: str, kind: SpanKind, first: float, last: float) -> None:
        span = self._tracer.start_span(name, set_span_in_context(whole), kind, start_time=_nanoseconds(first))
        span.end(_nanoseconds(last))


class Traced:
    """gateway.ports.Meter: another one, and traces."""

    def __init__(self, meter: Meter, traces: Traces) -> None:
        self._meter = meter
        self._traces = traces

    def ended(self, ended: Ended) -> None:
        """One exchange ended."""
        self._meter.ended(ended)
        self._traces.ended(ended)


class _Ids(IdGenerator):
    """The trace's id is given beforehand; spans get chance."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self.trace = 0
        self._entropy = entropy

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return int.from_bytes(self._entropy(_SPAN_BYTES)) or 1


def _nanoseconds(moment: float) -> int:
    return int(moment * 1_000_000_000)
