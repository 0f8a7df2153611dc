"""Counts into Prometheus series and serves them on a loopback port. Implements gateway.ports.Meter and gateway.rpc.metering.RpcMeter.

Children of labelled series are kept, because finding one costs four times as much as counting.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, start_http_server
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from gateway.model.exchange import Ended, Result
from gateway.model.refusal import Blame, Reason
from gateway.model.standing import Standing
from gateway.telemetry import revocation, series
from gateway.telemetry.access import AccessLog
from gateway.telemetry.authorities import Authorities, Believed
from gateway.telemetry.renewing import Renewing, Stands
from gateway.telemetry.systems import Systems

_CITYS: Final = tuple(each for each in Reason if each.blame is Blame.COUNTERPARTY)

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """One registry a process."""

    def __init__(self, access: AccessLog) -> None:
        self.registry = CollectorRegistry()
        self._access = access
        self._started = lru_cache(256)(self._counter(series.STARTED).labels)
        self._handled = lru_cache(1024)(self._counter(series.HANDLED).labels)
        self._handling = lru_cache(256)(self._histogram(series.HANDLING).labels)
        self._exchanges = lru_cache(1024)(self._counter(series.EXCHANGES).labels)
        self._refusals = lru_cache(512)(self._counter(series.REFUSALS).labels)
        self._exchange_seconds = lru_cache(64)(self._histogram(series.EXCHANGE_SECONDS).labels)
        self._city_seconds = lru_cache(64)(self._histogram(series.CITY_SECONDS).labels)
        self._witness_failures = lru_cache(16)(self._counter(series.WITNESS_FAILURES).labels)
        self._stages = lru_cache(128)(self._histogram(series.STAGE_SECONDS).labels)
        self._time_left = self._histogram(series.TIME_LEFT)
        self._append_seconds = self._histogram(series.APPEND_SECONDS)
        self._batch_entries = self._histogram(series.BATCH_ENTRIES)
        self._append_failures = self._counter(series.APPEND_FAILURES)
        self._queue = Gauge(series.LEDGER_QUEUE.name, series.LEDGER_QUEUE.help, registry=self.registry)
        self._tree = Gauge(series.TREE_SIZE.name, series.TREE_SIZE.help, registry=self.registry)
        self._lag = self._histogram(series.LAG)
        self._build = Gauge(series.BUILD.name, series.BUILD.help, series.BUILD.labels, registry=self.registry)
        self._in_flight = Gauge(series.IN_FLIGHT.name, series.IN_FLIGHT.help, registry=self.registry)
        self._reloads = lru_cache(4)(self._counter(series.RELOADS).labels)
        for each in ("applied", "refused"):
            self._reloads(each)  # there from the start, or the first refusal would be no increase
        self._begun_anew = lru_cache(64)(self._counter(series.BEGUN_ANEW).labels)
        self._cut_off = lru_cache(64)(self._counter(series.REVOKED).labels)
        self._ocsp_answers = lru_cache(64)(self._counter(series.OCSP_ANSWERS).labels)
        ocsp = series.OCSP_CERTIFICATES, series.OCSP_AGE
        self._ocsp_certificates, self._ocsp_age = (
            Gauge(each.name, each.help, each.labels, registry=self.registry) for each in ocsp
        )
        self._not_after = Gauge(series.NOT_AFTER.name, series.NOT_AFTER.help, series.NOT_AFTER.labels, registry=self.registry)
        self._not_before = Gauge(series.NOT_BEFORE.name, series.NOT_BEFORE.help, series.NOT_BEFORE.labels, registry=self.registry)
        self._generation = Gauge(series.GENERATION.name, series.GENERATION.help, series.GENERATION.labels, registry=self.registry)
        self._world = Gauge(series.WORLD.name, series.WORLD.help, series.WORLD.labels, registry=self.registry)

    def started(self, kind: str, service: str, method: str) -> None:
        """A call arrived."""
        self._started(kind, service, method).inc()

    def handled(self, kind: str, service: str, method: str, code: str, seconds: float) -> None:
        """A call ended."""
        self._handled(kind, service, method, code).inc()
        self._handling(kind, service, method).observe(seconds)

    def turned_away(self, service: str, method: str, code: str) -> None:
        """A call arrived and was refused before it was received."""
        self._started("unary", service, method).inc()
        self._handled("unary", service, method, code).inc()

    def ended(self, *ended: Ended) -> None:
        """These exchanges ended."""
        for each in ended:
            self._exchange(each)
        self._access.lines(ended)

    def _exchange(self, ended: Ended) -> None:
        self._exchanges(ended.evidence_type, ended.region, str(ended.result)).inc()
        if ended.reason:
            self._refusals(ended.reason, ended.blame, ended.region).inc()
        self._exchange_seconds(ended.region).observe(ended.seconds, {"exchange_id": ended.exchange_id})
        self._time_left.observe(ended.time_left)
        if ended.city_seconds:
            self._city_seconds(ended.region).observe(ended.city_seconds)
            self._stages(ended.region, "before").observe(ended.before_seconds)
            self._stages(ended.region, "after").observe(ended.after_seconds)

    def appended(self, entries: int, failed: int, size: int, seconds: float) -> None:
        """A batch of so many entries ended after so long; `size` of the tree then, 0 where nothing was written."""
        self._append_seconds.observe(seconds)
        self._batch_entries.observe(entries)
        if failed:
            self._append_failures.inc(failed)
        if size:
            self._tree.set(size)

    def lagged(self, seconds: float) -> None:
        """The event loop woke so late."""
        self._lag.observe(seconds)

    def busy(self, running: Callable[[], float], waiting: Callable[[], float]) -> None:
        """Where to read, at each scrape, the seconds that the event loop's thread has run, and waited for a processor."""
        self.registry.register(_Read(series.BUSY, lambda: {("running",): running(), ("waiting",): waiting()}))

    def built(self, version: str, python: str, grpc: str, sqlite: str) -> None:
        """What runs."""
        self._build.labels(version, python, grpc, sqlite).set(1)

    def watch_queue(self, waiting: Callable[[], int]) -> None:
        """Where to read, at each scrape, how many entries wait to be written."""
        self._queue.set_function(waiting)

    def stands(self, edition: str, version: str) -> None:
        """This edition of the world judges from now on."""
        self._world.clear()
        self._world.labels(edition, version).set(1)

    def answers(self, kinds: Iterable[tuple[str, str]]) -> None:
        """These kinds of evidence may be asked of these regions: what is counted of them is there from the start, or the first failures of
        a city would be no increase.
        """
        for kind, region in kinds:
            for result in Result:
                self._exchanges(kind, region, str(result))
            for reason in _CITYS:
                self._refusals(reason.name, reason.blame.value, region)

    def reloaded(self, result: str) -> None:
        """A configuration was taken up (applied), or was not (refused)."""
        self._reloads(result).inc()

    def keeps(self, work: str) -> None:
        """This work goes on in the background; it is there from the start, or its first failure would be no increase."""
        self._begun_anew(work)

    def begun_anew(self, work: str) -> None:
        """It ended by a fault."""
        self._begun_anew(work).inc()

    def material(self, lives: Iterable[tuple[str, str, float, float]], generations: Iterable[str]) -> None:
        """What is in force from now on: role, whose, when it began and when it ends (Unix time); and the generations that it is of."""
        self._not_after.clear()
        self._not_before.clear()
        for role, of, begun, ends in lives:
            self._not_before.labels(role, of).set(begun)
            self._not_after.labels(role, of).set(ends)
        self._generation.clear()
        for each in generations:
            self._generation.labels(each).set(1)

    def authorities(self, read: Callable[[], Mapping[str, Believed]]) -> None:
        """Where to read, at each scrape, how the CAs of each region stand."""
        self.registry.register(Authorities(read))

    def renewing(self, read: Callable[[], Stands]) -> None:
        """Where to read, at each scrape, how renewing stands."""
        self.registry.register(Renewing(read))

    def cut_off(self, reason: str) -> None:
        """Somebody who is not believed (any more) was refused a call or lost a stream."""
        self._cut_off(reason).inc()

    def revocation(self, read: Callable[[], revocation.Stands]) -> None:
        """Where to read, at each scrape, how the deny-list and the revocation lists stand."""
        self.registry.register(revocation.Revocation(read))

    def ocsp_answered(self, region: str, result: str) -> None:
        """A question to a CA's responder ended."""
        self._ocsp_answers(region, result).inc()

    def ocsp_stands(self, counts: Mapping[tuple[str, str], int], ages: Mapping[str, float]) -> None:
        """How the answers of each region stand."""
        self._ocsp_certificates.clear()
        self._ocsp_age.clear()
        for (region, standing), count in counts.items():
            self._ocsp_certificates.labels(region, standing).set(count)
        for region, age in ages.items():
            self._ocsp_age.labels(region).set(age)

    def connections(self, accepted: Callable[[], int]) -> None:
        """Where to read, at each scrape, how many connections came in."""
        self.registry.register(_Read(series.ACCEPTED, lambda: {(): accepted()}))

    def handshakes(self, failed: Callable[[], Mapping[str, int]]) -> None:
        """Where to read, at each scrape, how many handshakes failed, by why; each reason is there from the start."""
        self.registry.register(_Read(series.HANDSHAKES_FAILED, lambda: {(why,): count for why, count in failed().items()}))

    def door(self, turned_away: Callable[[], Mapping[Reason, int]]) -> None:
        """Where to read, at each scrape, how many the door did not let in; each reason is there from the start."""
        reasons = (Reason.OVERLOADED, Reason.SHUTTING_DOWN)
        self.registry.register(
            _Read(series.TURNED_AWAY_AT_DOOR, lambda: {(each.name,): turned_away().get(each, 0) for each in reasons})
        )

    def watch(self, in_flight: Callable[[], float]) -> None:
        """Where to read the number of exchanges in flight at each scrape."""
        self._in_flight.set_function(in_flight)

    def watch_systems(self, read: Callable[[], Mapping[str, Standing]]) -> None:
        """Where to read, at each scrape, how each system stands."""
        self.registry.register(Systems(read))

    def witnessed(self, age: Callable[[], float | None]) -> None:
        """Where to read, at each scrape, the seconds since a checkpoint was cosigned; None if none ever was."""
        gauge = Gauge(series.CHECKPOINT_AGE.name, series.CHECKPOINT_AGE.help, registry=self.registry)
        gauge.set_function(lambda: math.inf if (seconds := age()) is None else seconds)

    def witnesses_failed(self, faults: Iterable[str]) -> None:
        """One round of asking the witnesses ended, with these faults."""
        for each in faults:
            self._witness_failures(each).inc()

    def serve(self, host: str, port: int) -> tuple[WSGIServer, int]:
        """Serves /metrics; the server to shut down, and the port it has."""
        server, _ = start_http_server(port, host, registry=self.registry)
        return server, server.server_port

    def _counter(self, of: series.Series) -> Counter:
        return Counter(of.name, of.help, of.labels, registry=self.registry)

    def _histogram(self, of: series.Series) -> Histogram:
        return Histogram(of.name, of.help, of.labels, registry=self.registry, buckets=of.bounds)


class _Read(Collector):
    """A counter that somebody else counts."""

    def __init__(self, of: series.Series, read: Callable[[], Mapping[tuple[str, ...], float]]) -> None:
        self._of = of
        self._read = read

    def collect(self) -> Iterable[CounterMetricFamily]:
        """A sample for each set of labels."""
        family = CounterMetricFamily(self._of.name, self._of.help, labels=self._of.labels)
        for labels, count in self._read().items():
            family.add_metric(labels, count)
        yield family
