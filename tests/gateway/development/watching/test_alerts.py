"""Each alert fires on what it is meant for and on nothing else, by Prometheus's own rule tests; each expression parses."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from gateway.development.pages import PAGES
from gateway.development.watching.alerts import ALERTS
from gateway.development.watching.dashboards import DASHBOARDS

ROOT = Path(__file__).parents[4]
RULES = "deploy/prometheus/rules.yml"

EXCHANGES = 'kuacheng_exchanges_total{result="ISSUED"}'
OURS = 'kuacheng_refusals_total{blame="OURS",reason="INTERNAL"}'
THEIRS = 'kuacheng_refusals_total{blame="COUNTERPARTY",reason="CITY_TIMEOUT"}'
ENDS, BEGAN = (f"kuacheng_certificate_not_{each}_timestamp_seconds" for each in ("after", "before"))
LIST_AGE, LIST_DUE, LIST_ENDS = (
    f"kuacheng_revocation_list_{each}_seconds" for each in ("age", "next_update_timestamp", "serves_until_timestamp")
)
BUSY = "kuacheng_event_loop_busy_seconds_total"
AGO, NEVER, LONG = "-1000000", "0+0x200", "x200"


def _histogram(name: str, below: str, above: str, labels: str = "") -> dict[str, str]:
    return {f'{name}_bucket{{{labels}le="{below}"}}': "0+1" + LONG, f'{name}_bucket{{{labels}le="{above}"}}': "0+100" + LONG} | {
        f'{name}_bucket{{{labels}le="+Inf"}}': "0+100" + LONG
    }


FIRE: dict[str, dict[str, str]] = {
    "GatewayDown": {'up{job="kuacheng"}': NEVER},
    "CityDown": {'kuacheng_system_passage{system="foshan.f1",passage="closed"}': NEVER},
    "CityFailing": {EXCHANGES: "0+100" + LONG, THEIRS: "0+30" + LONG},
    "CitySlow": _histogram("kuacheng_city_seconds", "5", "10", 'region="440600",'),
    "ErrorBudgetBurnsFast": {EXCHANGES: "0+100" + LONG, OURS: "0+8" + LONG},
    "ErrorBudgetBurns": {EXCHANGES: "0+100" + LONG, OURS: "0+4" + LONG},
    "ErrorBudgetBurnsSlowly": {EXCHANGES: "0+1000" + LONG, OURS: "0+6" + LONG},
    "Overloaded": {'kuacheng_door_refusals_total{reason="OVERLOADED"}': "0+10" + LONG},
    "Saturated": {f'{BUSY}{{state="running"}}': "0+35" + LONG, f'{BUSY}{{state="waiting"}}': "0+20" + LONG},
    "LedgerFailing": {"kuacheng_ledger_append_failures_total": "0+1" + LONG},
    "LedgerSlow": _histogram("kuacheng_ledger_append_seconds", "0.5", "1.0"),
    "CheckpointOld": {"kuacheng_checkpoint_age_seconds": "301+0" + LONG},
    "WitnessSeesFork": {'kuacheng_witness_failures_total{fault="FORKED"}': "1+0" + LONG},
    "CertificateEndsSoon": {f'{ENDS}{{role="server"}}': "326000+0" + LONG, f'{BEGAN}{{role="server"}}': f"{AGO}+0{LONG}"},
    "CertificateEndsVerySoon": {f'{ENDS}{{role="server"}}': "156000+0" + LONG, f'{BEGAN}{{role="server"}}': f"{AGO}+0{LONG}"},
    "CallersCannotConnect": {'kuacheng_tls_handshakes_failed_total{reason="certificate_expired"}': "0+1" + LONG},
    "RenewalOverdue": {"kuacheng_renewal_due_timestamp_seconds": "-21600+0" + LONG},
    "GenerationWaits": {"kuacheng_generations_staged": "1+0" + LONG},
    "RevocationListOverdue": {f'{LIST_DUE}{{region="440600"}}': "1200+0" + LONG},
    "RevocationListEndsSoon": {
        f'{LIST_ENDS}{{region="440600"}}': "6000+0" + LONG,
        f'{LIST_AGE}{{region="440600"}}': "86400+60" + LONG,
        f'{LIST_ENDS}{{region="440100"}}': NEVER,
        f'{LIST_AGE}{{region="440100"}}': "Inf+0" + LONG,
    },
    "DenyListUnread": {"kuacheng_deny_list_age_seconds": "0+60" + LONG},
    "BackgroundWorkFails": {'kuacheng_background_failures_total{work="revoking"}': "0+1" + LONG},
    "OcspSilent": {'kuacheng_ocsp_certificates{region="440600",standing="last-good"}': "1+0" + LONG},
    "CallersOnOldAuthority": {'kuacheng_stragglers{region="440600"}': "1+0" + LONG},
    "ReloadRefused": {'kuacheng_reloads_total{result="refused"}': "0+1" + LONG},
    "EventLoopLags": _histogram("kuacheng_event_loop_lag_seconds", "0.25", "0.5"),
}
"""For each alert what Prometheus sees, a sample a minute, from moment 0."""
QUIET: dict[str, str] = {
    'up{job="kuacheng"}': "1+0" + LONG,
    'kuacheng_system_passage{system="foshan.f1",passage="closed"}': "1+0" + LONG,
    EXCHANGES: "0+1000" + LONG,
    OURS: "0+1" + LONG,
    THEIRS: "0+10" + LONG,
    'kuacheng_door_refusals_total{reason="OVERLOADED"}': "7+0" + LONG,
    'kuacheng_door_refusals_total{reason="SHUTTING_DOWN"}': "0+10" + LONG,
    f'{BUSY}{{instance="worker 0",state="running"}}': "0+50" + LONG,
    f'{BUSY}{{instance="worker 1",state="running"}}': "0+20" + LONG,
    f'{BUSY}{{instance="worker 1",state="waiting"}}': "0+30" + LONG,
    f'{BUSY}{{instance="a minute\'s batch",state="running"}}': "0+20x39 840+20" + LONG,
    "kuacheng_ledger_append_failures_total": "7+0" + LONG,
    "kuacheng_checkpoint_age_seconds": "12+0" + LONG,
    'kuacheng_witness_failures_total{fault="UNREACHABLE"}': "0+1" + LONG,
    f'{ENDS}{{role="server"}}': "90000000+0" + LONG,
    f'{BEGAN}{{role="server"}}': f"{AGO}+0{LONG}",
    f'{LIST_DUE}{{region="440600"}}': "3600+60" + LONG,
    f'{LIST_ENDS}{{region="440600"}}': "7200+60" + LONG,
    f'{LIST_AGE}{{region="440600"}}': "60+0" + LONG,
    f'{LIST_DUE}{{region="each day\'s, a moment before"}}': "2410+0" + LONG,
    f'{LIST_ENDS}{{region="each day\'s, a moment before"}}': "6010+0" + LONG,
    f'{LIST_AGE}{{region="each day\'s, a moment before"}}': "83990+60" + LONG,
    "kuacheng_deny_list_age_seconds": "0.25+0" + LONG,
    'kuacheng_background_failures_total{work="revoking"}': "3+0" + LONG,
    'kuacheng_ocsp_certificates{region="440600",standing="good"}': "7+0" + LONG,
    'kuacheng_ocsp_certificates{region="440600",standing="silent"}': NEVER,
    "kuacheng_renewal_due_timestamp_seconds": "90000+0" + LONG,
    "kuacheng_generations_staged": NEVER,
    'kuacheng_stragglers{region="440600"}': NEVER,
    'kuacheng_reloads_total{result="refused"}': "3+0" + LONG,
}
SLOW = {"CallersOnOldAuthority", "GenerationWaits"}
"""Fire after days only, so that they have a clock of their own."""


def _case(alert: str, series: dict[str, str], interval: str, moment: str) -> dict[str, object]:
    given = [{"series": name, "values": values} for name, values in series.items()]
    count = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    asked = {"expr": count, "eval_time": moment, "exp_samples": [{"labels": "{}", "value": 1}]}
    return {"interval": interval, "input_series": given, "promql_expr_test": [asked]}


def _judged(folder: Path, interval: str, cases: list[dict[str, object]]) -> None:
    made = {"rule_files": [str(ROOT / RULES)], "evaluation_interval": interval, "tests": cases}
    (folder / "test.yml").write_text(yaml.safe_dump(made))
    done = subprocess.run(["promtool", "test", "rules", folder / "test.yml"], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("prometheus")
def test_each_alert_fires_on_what_it_is_meant_for_and_none_while_all_is_well(tmp_path: Path) -> None:
    assert FIRE.keys() == {each.name for each in ALERTS}
    quick = [_case(name, series, "1m", "40m") for name, series in FIRE.items() if name not in SLOW]
    none = {"expr": 'ALERTS{alertstate="firing"}', "eval_time": "40m", "exp_samples": []}
    quiet = _case("", QUIET, "1m", "40m") | {"promql_expr_test": [none]}
    _judged(tmp_path, "1m", [*quick, quiet])
    _judged(tmp_path, "1h", [_case(name, FIRE[name], "1h", "8d") for name in SLOW])


@pytest.mark.needs("prometheus")
def test_each_expression_of_the_dashboards_parses(tmp_path: Path) -> None:
    boards = [json.loads(PAGES[f"deploy/grafana/{each.uid}.json"]()) for each in DASHBOARDS]
    asked = [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]
    rules = [{"record": f"r:{number}", "expr": each.replace("$__rate_interval", "5m")} for number, each in enumerate(asked)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, check=False, text=True)
    assert (done.returncode, len(asked) > 40) == (0, True), done.stdout + done.stderr


def test_every_alert_has_its_section_in_the_runbooks() -> None:
    page = PAGES["docs/runbooks.md"]()
    assert all(f"\n## {each.name}\n" in page for each in ALERTS)
