"""What is scraped parses, names every series of the table, counts right, and does not grow with what callers make up."""

import gc
import io
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from gateway.clock import new_id
from gateway.model.exchange import Result
from gateway.model.refusal import Reason
from gateway.model.standing import Passage, Standing
from gateway.rpc.core_log import Heard
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from gateway.telemetry import authorities, series
from gateway.telemetry.access import AccessLog
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.renewing import Stands as Renewals
from gateway.telemetry.revocation import Listed, Stands
from gateway.telemetry.series import Kind
from tests.gateway.rpc.house import PATIENCE, House, house, request
from tests.gateway.telemetry.test_access import ENDED
from tests.ports import free_port

FAMILY = {Kind.COUNTER: "counter", Kind.GAUGE: "gauge", Kind.HISTOGRAM: "histogram", Kind.INFO: "gauge"}


@contextmanager
def served(metrics: Metrics, port: int = 0) -> Iterator[str]:
    """The address of its endpoint."""
    server, port = metrics.serve("127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{port}/metrics"
    finally:
        server.shutdown()
        server.server_close()


def scraped(url: str) -> dict[str, Metric]:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  our own address
        assert answer.headers["Content-Type"].startswith("text/plain")
        return {each.name: each for each in text_string_to_metric_families(answer.read().decode())}


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels, without the moments at which they were made."""
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value
        for family in metrics.registry.collect()
        for each in family.samples
        if not each.name.endswith("_created")
    }


def one(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(AccessLog(io.StringIO()))


def test_every_series_of_the_table_is_exported_with_its_labels_and_bounds(metrics: Metrics) -> None:
    metrics.started("unary", "s", "m")
    metrics.handled("unary", "s", "m", "OK", 0.2)
    metrics.ended(ENDED._replace(result=Result.REFUSED, reason="CITY_TIMEOUT", blame="COUNTERPARTY"))
    metrics.stands("edition-1", "0.1")
    metrics.appended(3, 1, 12, 0.004)
    metrics.lagged(0.001)
    metrics.busy(lambda: 0.7, lambda: 0.1)
    metrics.built("0.1", "3.11", "1.80", "3.51")
    metrics.watch_queue(lambda: 2)
    metrics.watch(lambda: 3.0)
    metrics.witnessed(lambda: 4.0)
    metrics.witnesses_failed(["UNREACHABLE"])
    metrics.watch_systems(lambda: {"foshan.f1": Standing(Passage.CLOSED, 1, 64, 0, 64, 0, 0)})
    metrics.reloaded("applied")
    metrics.material([("server", "listen", 0.0, 1.0)], ["000001"])
    metrics.connections(lambda: 5)
    metrics.handshakes(Heard().failed)
    metrics.door(lambda: {Reason.OVERLOADED: 2})
    metrics.cut_off("CERTIFICATE_REVOKED")
    metrics.revocation(lambda: Stands(0.2, {"440600": Listed(3.0, 4.0, 5.0)}))
    metrics.keeps("revoking")
    metrics.ocsp_answered("440600", "good")
    metrics.ocsp_stands({("440600", "good"): 1}, {"440600": 2.0})
    metrics.renewing(lambda: Renewals({"failed": 1}, 2.0, 1))
    metrics.authorities(lambda: {"440600": authorities.Believed(1, 1, 2)})
    with served(metrics) as url:
        found = scraped(url)
    ours = {each.name.removesuffix("_total"): each for each in series.ALL}
    created = {name for name in found if name.endswith("_created")}
    assert found.keys() - created == ours.keys()
    for name, each in ours.items():
        family = found[name]
        assert (family.type, family.documentation) == (FAMILY[each.kind], each.help)
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == set(each.labels)
        if each.kind is Kind.HISTOGRAM:
            told = [float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")]
            assert list(dict.fromkeys(told)) == [*each.bounds, float("inf")]


def test_an_exchange_is_counted_by_how_it_ended(metrics: Metrics) -> None:
    metrics.ended(ENDED)
    metrics.ended(ENDED._replace(result=Result.UNKNOWN, reason="OUTCOME_UNKNOWN", blame="COUNTERPARTY", city_seconds=0.0))
    by = {"evidence_type": "business-licence", "region": "440600"}
    assert one(metrics, "kuacheng_exchanges_total", **by, result="ISSUED") == 1
    assert one(metrics, "kuacheng_exchanges_total", **by, result="UNKNOWN") == 1
    assert one(metrics, "kuacheng_refusals_total", reason="OUTCOME_UNKNOWN", blame="COUNTERPARTY", region="440600") == 1
    assert one(metrics, "kuacheng_refusals_total", reason="", blame="", region="440600") is None
    assert one(metrics, "kuacheng_exchange_seconds_count", region="440600") == 2
    assert one(metrics, "kuacheng_city_seconds_count", region="440600") == 1, "a city that was not heard took no time"
    assert one(metrics, "kuacheng_exchange_seconds_sum", region="440600") == pytest.approx(2 * ENDED.seconds)


def test_the_parts_of_an_exchange_are_told_apart_and_a_city_that_was_not_asked_has_none(metrics: Metrics) -> None:
    metrics.ended(ENDED)
    metrics.ended(ENDED._replace(city_seconds=0.0))
    for stage, seconds in (("before", ENDED.before_seconds), ("after", ENDED.after_seconds)):
        assert one(metrics, "kuacheng_gateway_seconds_count", region="440600", stage=stage) == 1
        assert one(metrics, "kuacheng_gateway_seconds_sum", region="440600", stage=stage) == pytest.approx(seconds)
    assert one(metrics, "kuacheng_caller_time_left_seconds_count") == 2


def test_batches_of_the_log_are_counted_with_what_failed_in_them(metrics: Metrics) -> None:
    metrics.appended(3, 0, 12, 0.004)
    metrics.appended(2, 2, 0, 2.0)
    assert one(metrics, "kuacheng_ledger_append_seconds_count") == 2
    assert one(metrics, "kuacheng_ledger_batch_entries_sum") == 5
    assert one(metrics, "kuacheng_ledger_append_failures_total") == 2
    assert one(metrics, "kuacheng_ledger_tree_entries") == 12, "what is not known is not told"


def test_whoever_asks_for_openmetrics_finds_an_exchange_by_its_slowness(metrics: Metrics) -> None:
    metrics.ended(ENDED._replace(seconds=3.0, exchange_id="x-slow"))
    with served(metrics) as url:
        asked = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})  # noqa: S310  our own
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310
            families = {each.name: each for each in openmetrics(answer.read().decode())}
    exemplars = [each.exemplar for each in families["kuacheng_exchange_seconds"].samples if each.exemplar]
    assert [(each.labels, each.value) for each in exemplars] == [({"exchange_id": "x-slow"}, 3.0)]


def test_all_that_a_large_configuration_can_grow_is_scraped_at_once_and_bounded(metrics: Metrics) -> None:
    regions, kinds = [f"44{number:02}00" for number in range(1, 7)], [f"kind-{number}" for number in range(20)]
    for region in regions:
        for kind in kinds:
            for result in Result:
                metrics.ended(ENDED._replace(region=region, evidence_type=kind, result=result))
    for reason in Reason:
        metrics.ended(ENDED._replace(region=regions[0], evidence_type=kinds[0], reason=reason.name, blame=reason.blame.value))
    for method in ("Query", "ListRegions", "ListEvidenceTypes", "GetReceipt", "GetCheckpoint", "FindUsage"):
        metrics.started("unary", "kuacheng.v1.EvidenceService", method)
        for code in grpc.StatusCode:
            metrics.handled("unary", "kuacheng.v1.EvidenceService", method, code.name, 0.1)
    metrics.watch_systems(
        lambda: {f"{region}.{n}": Standing(Passage.CLOSED, 0, 64, 0, 64, 0, 0) for region in regions for n in "abc"}
    )
    assert len(generate_latest(metrics.registry).splitlines()) < 2000
    with _no_collection():
        seconds = min(_seconds(metrics) for _ in range(5))
    assert seconds < 0.25, "21 to 25 ms were seen; more where the other core is busy too"


@contextmanager
def _no_collection() -> Iterator[None]:
    """Or what all tests before have left on the heap would be looked through at our expense."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _seconds(metrics: Metrics) -> float:
    began = time.thread_time()
    generate_latest(metrics.registry)
    return time.thread_time() - began


def test_what_may_be_asked_is_counted_from_nought_on(metrics: Metrics) -> None:
    """Or the first failures of a city, which make its series, would be no increase, and no alert see them."""
    metrics.answers([("invoice-check", "440600"), ("invoice-check", "440100")])
    text = generate_latest(metrics.registry).decode()
    for region in ("440100", "440600"):
        failed = f'blame="COUNTERPARTY",reason="CITY_UNAVAILABLE",region="{region}"'
        assert f"kuacheng_refusals_total{{{failed}}} 0.0" in text
        refused = f'evidence_type="invoice-check",region="{region}",result="REFUSED"'
        assert f"kuacheng_exchanges_total{{{refused}}} 0.0" in text


def test_one_edition_stands_at_a_time(metrics: Metrics) -> None:
    metrics.stands("edition-1", "0.1")
    metrics.stands("edition-2", "0.1")
    assert one(metrics, "kuacheng_world_info", edition="edition-2", version="0.1") == 1
    assert one(metrics, "kuacheng_world_info", edition="edition-1", version="0.1") is None


def test_the_number_in_flight_is_read_at_each_scrape(metrics: Metrics) -> None:
    inside = 2.0
    metrics.watch(lambda: inside)
    assert one(metrics, "kuacheng_exchanges_in_flight") == 2
    inside = 0.0
    assert one(metrics, "kuacheng_exchanges_in_flight") == 0


def test_the_age_of_the_newest_cosigned_checkpoint_is_read_at_each_scrape_and_infinite_without_one(metrics: Metrics) -> None:
    assert one(metrics, "kuacheng_checkpoint_age_seconds") is None, "nobody watches, so there is no age to tell"
    ages: list[float | None] = [None]
    metrics.witnessed(lambda: ages[-1])
    assert one(metrics, "kuacheng_checkpoint_age_seconds") == float("inf")
    ages.append(7.5)
    assert one(metrics, "kuacheng_checkpoint_age_seconds") == 7.5


def test_witnesses_that_fail_are_counted_by_fault(metrics: Metrics) -> None:
    metrics.witnesses_failed([])
    metrics.witnesses_failed(["UNREACHABLE", "FORKED"])
    metrics.witnesses_failed(["UNREACHABLE"])
    assert one(metrics, "kuacheng_witness_failures_total", fault="UNREACHABLE") == 2
    assert one(metrics, "kuacheng_witness_failures_total", fault="FORKED") == 1


def test_two_registries_do_not_meet() -> None:
    first, second = Metrics(AccessLog(io.StringIO())), Metrics(AccessLog(io.StringIO()))
    first.ended(ENDED)
    assert one(second, "kuacheng_exchange_seconds_count", region="440600") is None


def test_the_endpoint_ends_when_it_is_told_to(metrics: Metrics) -> None:
    with served(metrics, free_port()) as url:
        scraped(url)
    with pytest.raises(OSError, match="refused"):
        scraped(url)


def _hostile(place: int) -> Iterator[pb.QueryRequest]:
    """Names that a caller may make up, in every place where a name may stand."""
    yield request(evidence_type=f"invented-{place}")
    yield request(evidence_type=f"\u0000ζ{place}")
    yield request(provider_region=f"{place:06d}")
    yield request(fields=[f"field-{place}"])
    made = request()
    made.parameters.add(name=f"parameter{place}", text="x")
    yield made
    other = request()
    other.purpose.matter_code = f"matter-{place}"
    yield other


async def _ask(gateway: House, asked: pb.QueryRequest) -> str:
    async with gateway.stub() as stub:
        try:
            await stub.Query(asked, timeout=PATIENCE)
        except grpc.aio.AioRpcError as error:
            return error.code().name
    return "OK"


async def test_what_callers_make_up_grows_nothing() -> None:
    async with house() as gateway:
        for each in _hostile(0):
            assert await _ask(gateway, each) != "OK"
        await gateway.metrics.counted(6)
        before = set(samples(gateway.metrics))
        for place in range(1, 8):
            for each in _hostile(place):
                assert await _ask(gateway, each) != "OK"
        await gateway.metrics.counted(48)
        after = samples(gateway.metrics)
        assert set(after) == before
        assert sum(value for (name, _), value in after.items() if name == "kuacheng_exchanges_total") == 8 * 6
        labels = {value for _, pairs in after for _, value in pairs}
        assert not any("invented" in each or "ζ" in each or "matter-" in each for each in labels)


async def test_a_real_endpoint_tells_what_was_asked() -> None:
    async with house() as gateway:
        gateway.metrics.stands("edition-1", "0.1")
        gateway.metrics.watch(lambda: float(gateway.inside.door.inside))
        with served(gateway.metrics) as url:
            assert await _ask(gateway, request()) == "OK"
            again = request(request_id=new_id())
            assert [await _ask(gateway, again), await _ask(gateway, again)] == ["OK", "ALREADY_EXISTS"]
            await gateway.metrics.counted(3)
            found = scraped(url)
        told = {name: family.samples for name, family in found.items()}
        stages = {each.labels["stage"]: each.value for each in told["kuacheng_gateway_seconds"] if each.name.endswith("_count")}
        assert stages == {"before": 2, "after": 2}
        handled = {
            each.labels["grpc_code"]: each.value for each in found["grpc_server_handled"].samples if each.name.endswith("_total")
        }
        assert handled == {"OK": 2, "ALREADY_EXISTS": 1}
        refusals = {
            each.labels["reason"]: each.value for each in found["kuacheng_refusals"].samples if each.name.endswith("_total")
        }
        assert refusals == {Reason.REPLAYED_REQUEST.name: 1}
