"""docs/metrics.md: every metric that the gateway exports, from the one table of them."""

from gateway.development.pages.markdown import code, head, plain, table
from gateway.telemetry.series import ALL, Kind, Series

_INTRODUCTION = """
Served at `/metrics` of the address under `metrics` in gateway.yaml ([configuration.md](configuration.md#metrics)), on this machine
only. Names are those of the gRPC ecosystem where it has them, else `kuacheng_*`; base units. No person, operator, request id or
certificate stands in a label; what the gateway does not know is `_other`. Whoever asks for OpenMetrics gets exemplars too: the id of one
exchange in each bucket of latency.

"""


def page() -> str:
    """The page."""
    rows = ((code(each.name), each.kind.value, plain(each.help), _labels(each), _exported(each)) for each in ALL)
    listed = table(("name", "kind", "what", "labels", "exported as"), rows)
    return head("Metrics", "gateway/telemetry/series.py") + _INTRODUCTION + listed + "\n" + _buckets()


def _buckets() -> str:
    """Each set of bounds, and which histograms have it."""
    sets = dict.fromkeys(each.bounds for each in ALL if each.bounds)
    rows = ((_numbers(bounds), ", ".join(code(each.name) for each in ALL if each.bounds == bounds)) for bounds in sets)
    return table(("upper bounds of the buckets", "of"), rows)


def _numbers(bounds: tuple[float, ...]) -> str:
    return ", ".join(f"{each:g}" for each in bounds)


def _labels(series: Series) -> str:
    return ", ".join(map(code, series.labels)) or "none"


def _exported(series: Series) -> str:
    if series.kind is Kind.HISTOGRAM:
        return "`_bucket`, `_sum`, `_count`"
    return "gauge that is 1" if series.kind is Kind.INFO else "one value"
