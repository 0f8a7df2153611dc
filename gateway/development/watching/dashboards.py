"""The dashboards, as tables of panels, and the JSON that Grafana reads of them.

Laws: a dashboard asks only for what gateway.telemetry.series names; whose part a latency is stands in its title.
Source: Grafana's dashboard JSON, schemaVersion 39.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.telemetry import series

_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries` by legend; `unit` as Grafana calls it; `stat` shows the newest value only."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    stat: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`variable` is a label to choose by, with the metric that has its values; empty for none."""

    uid: str
    title: str
    panels: tuple[Panel, ...]
    variable: str = ""
    values_of: str = ""


def _rate(of: series.Series, by: str = "", where: str = "") -> str:
    grouped = f"sum by ({by}) " if by else "sum "
    return f"{grouped}(rate({of.name}{{{where}}}[$__rate_interval]))"


def _quantiles(of: series.Series, by: str = "", where: str = "") -> Mapping[str, str]:
    kept, legend = (f"le, {by}", f" {{{{{by}}}}}") if by else ("le", "")
    spread = f"sum by ({kept}) (rate({of.name}_bucket{{{where}}}[$__rate_interval]))"
    return {f"p{share}{legend}": f"histogram_quantile(0.{share}, {spread})" for share in ("50", "99")}


_REGION: Final = 'region="$region"'
_LIFE_LEFT: Final = f"({series.NOT_AFTER.name} - time()) / ({series.NOT_AFTER.name} - {series.NOT_BEFORE.name})"

DASHBOARDS: Final = (
    Dashboard(
        "kuacheng-overview",
        "Kuacheng: overview",
        (
            Panel("Up", {"gateway": 'up{job="kuacheng"}'}, stat=True),
            Panel("Exchanges a second", {"{{result}}": _rate(series.EXCHANGES, "result")}, "reqps"),
            Panel(
                "Refusals a second, by blame", {"{{blame}}": _rate(series.REFUSALS, "blame")}, "reqps", help="Whose turn it is."
            ),
            Panel(
                "Refusals a second, by reason and region",
                {"{{reason}} {{region}}": _rate(series.REFUSALS, "reason, region")},
                "reqps",
            ),
            Panel("Whole exchange", _quantiles(series.EXCHANGE_SECONDS, "region"), "s"),
            Panel("The cities' part", _quantiles(series.CITY_SECONDS, "region"), "s"),
            Panel(
                "Our part",
                _quantiles(series.STAGE_SECONDS, "stage"),
                "s",
                help="before: to the question; after: from the answer.",
            ),
            Panel(
                "What callers had left of their deadlines",
                _quantiles(series.TIME_LEFT),
                "s",
                help="Near 0: callers wait too short.",
            ),
            Panel("In flight", {"exchanges": series.IN_FLIGHT.name}),
            Panel("Systems not let through", {"{{system}}": f'1 - {series.SYSTEM_PASSAGE.name}{{passage="closed"}}'}),
            Panel(
                "Calls by gRPC code", {"{{grpc_method}} {{grpc_code}}": _rate(series.HANDLED, "grpc_method, grpc_code")}, "reqps"
            ),
            Panel("Event loop, how late", _quantiles(series.LAG), "s"),
            Panel(
                "Event loop, how busy",
                {"{{instance}} {{state}}": _rate(series.BUSY, "instance, state")},
                "percentunit",
                help="Both states of a process together near 100 %: it can do no more, and what gRPC turns away nobody counts.",
            ),
            Panel("Connections accepted a second", {"accepted": _rate(series.ACCEPTED)}),
            Panel("Edition in force", {"{{edition}} {{version}}": series.WORLD.name}, stat=True),
            Panel("Build", {"{{version}}, Python {{python}}, gRPC {{grpc}}, SQLite {{sqlite}}": series.BUILD.name}, stat=True),
        ),
    ),
    Dashboard(
        "kuacheng-city",
        "Kuacheng: a city",
        (
            Panel("Exchanges a second", {"{{result}}": _rate(series.EXCHANGES, "result", _REGION)}, "reqps"),
            Panel("By kind of evidence", {"{{evidence_type}}": _rate(series.EXCHANGES, "evidence_type", _REGION)}, "reqps"),
            Panel("The city's part", _quantiles(series.CITY_SECONDS, where=_REGION), "s"),
            Panel("Our part", _quantiles(series.STAGE_SECONDS, "stage", _REGION), "s"),
            Panel("Breakers, all systems", {"{{system}} {{passage}}": f"{series.SYSTEM_PASSAGE.name} == 1"}),
            Panel(
                "Questions inside, against places",
                {"{{system}}": f"{series.SYSTEM_INSIDE.name} / {series.SYSTEM_PLACES.name}"},
                "percentunit",
            ),
            Panel("Questions waiting", {"{{system}}": series.SYSTEM_WAITING.name}),
            Panel("Turned away a second", {"{{system}}": _rate(series.TURNED_AWAY, "system")}, "reqps"),
            Panel("Tried again a second", {"{{system}}": _rate(series.TRIED_AGAIN, "system")}, "reqps"),
        ),
        "region",
        series.EXCHANGES.name,
    ),
    Dashboard(
        "kuacheng-ledger",
        "Kuacheng: evidence log",
        (
            Panel("Until durable", _quantiles(series.APPEND_SECONDS), "s"),
            Panel("Entries in a batch", _quantiles(series.BATCH_ENTRIES)),
            Panel("Entries that wait", {"queue": series.LEDGER_QUEUE.name}),
            Panel("Entries that could not be written, a second", {"failures": _rate(series.APPEND_FAILURES)}),
            Panel("Entries of the log", {"entries": series.TREE_SIZE.name}),
            Panel("Age of the newest cosigned checkpoint", {"age": series.CHECKPOINT_AGE.name}, "s"),
            Panel("Witnesses that failed, a second", {"{{fault}}": _rate(series.WITNESS_FAILURES, "fault")}),
        ),
    ),
    Dashboard(
        "kuacheng-certificates",
        "Kuacheng: certificates",
        (
            Panel("Days left", {"{{role}} {{of}}": f"({series.NOT_AFTER.name} - time()) / 86400"}, "d"),
            Panel("Share of life left", {"{{role}} {{of}}": _LIFE_LEFT}, "percentunit", help="A third: renew. A sixth: now."),
            Panel("Generation in force", {"{{generation}}": series.GENERATION.name}, stat=True),
            Panel("Authorities by standing", {"{{region}} {{standing}}": series.AUTHORITIES.name}),
            Panel("Callers on an authority to be retired", {"{{region}}": series.STRAGGLERS.name}),
            Panel("Handshakes with callers that failed, a second", {"{{reason}}": _rate(series.HANDSHAKES_FAILED, "reason")}),
            Panel("Callers cut off a second", {"{{reason}}": _rate(series.REVOKED, "reason")}),
            Panel("Certificates by what their CA's responder said", {"{{region}} {{standing}}": series.OCSP_CERTIFICATES.name}),
            Panel("Age of the oldest good answer", {"{{region}}": series.OCSP_AGE.name}, "s"),
            Panel("Answers of responders a second", {"{{region}} {{result}}": _rate(series.OCSP_ANSWERS, "region, result")}),
            Panel("Age of revocation lists", {"{{region}}": series.LIST_AGE.name}, "s"),
            Panel("Until revocation lists stop serving", {"{{region}}": f"{series.LIST_ENDS.name} - time()"}, "s"),
            Panel("Since the deny-list was read", {"age": series.DENY_LIST_AGE.name}, "s"),
            Panel("Renewals that ended, by result", {"{{result}}": series.RENEWALS.name}),
            Panel("Until the next renewal", {"due": f"{series.RENEWAL_DUE.name} - time()"}, "s"),
            Panel("Generations that wait", {"staged": series.STAGED.name}),
            Panel("Reloads a second", {"{{result}}": _rate(series.RELOADS, "result")}),
        ),
    ),
)


def rendered(board: Dashboard) -> str:
    """The file that Grafana imports."""
    made: dict[str, Any] = {
        "uid": board.uid,
        "title": board.title,
        "tags": ["kuacheng"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [_DATASOURCE, *([_chosen(board)] if board.variable else [])]},
        "panels": [_panel(number, each) for number, each in enumerate(board.panels)],
    }
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


_DATASOURCE: Final = {"name": "datasource", "type": "datasource", "query": "prometheus"}
_FROM: Final = {"type": "prometheus", "uid": "${datasource}"}


def _chosen(board: Dashboard) -> dict[str, Any]:
    query = f"label_values({board.values_of}, {board.variable})"
    return {"name": board.variable, "type": "query", "datasource": _FROM, "query": query, "refresh": 2}


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {
        "id": number + 1,
        "type": "stat" if panel.stat else "timeseries",
        "title": panel.title,
        "description": panel.help,
        "datasource": _FROM,
        "gridPos": {"h": _HEIGHT, "w": _WIDTH, "x": column * _WIDTH, "y": row * _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {"textMode": "name"} if panel.stat and panel.title != "Up" else {},
        "targets": [_target(place, legend, expr) for place, (legend, expr) in enumerate(panel.queries.items())],
    }


def _target(place: int, legend: str, expr: str) -> dict[str, Any]:
    return {"refId": chr(ord("A") + place), "expr": expr, "legendFormat": legend, "exemplar": "_bucket" in expr}
