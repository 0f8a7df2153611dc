"""deploy/prometheus/rules.yml and docs/runbooks.md, from the one table of alerts."""

import yaml

from gateway.development.pages.markdown import head
from gateway.development.watching.alerts import ALERTS, Alert

_SOURCE = "gateway/development/watching/alerts.py"
_INTRODUCTION = """
Each alert of [deploy/prometheus/rules.yml](../deploy/prometheus/rules.yml): what it means and what to do first. `page` wakes somebody,
`ticket` waits for the day. Metrics: [metrics.md](metrics.md). The first ten minutes, from symptom to mend:
[first-ten-minutes.md](first-ten-minutes.md).

Prometheus scrapes the gateway under the job name `kuacheng`. Dashboards for Grafana are in [deploy/grafana](../deploy/grafana).
"""


def rules() -> str:
    """What Prometheus loads."""
    made = {"groups": [{"name": "kuacheng", "rules": [_rule(each) for each in ALERTS]}]}
    return f"# Made from {_SOURCE}; run: make docs\n" + yaml.safe_dump(made, sort_keys=False, width=1000, allow_unicode=True)


def runbooks() -> str:
    """What whoever is woken reads."""
    return head("Runbooks", _SOURCE) + _INTRODUCTION + "".join(map(_section, ALERTS))


def _rule(alert: Alert) -> dict[str, object]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.lasts,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.means,
            "description": alert.mend,
            "runbook": f"docs/runbooks.md#{alert.name.lower()}",
        },
    }


def _section(alert: Alert) -> str:
    lasting = "" if alert.lasts == "0m" else f", after {alert.lasts}"
    return f"\n## {alert.name}\n\n{alert.severity}{lasting}. {alert.means}\n\n{alert.mend}\n\n```promql\n{alert.expr}\n```\n"
