"""The page lists what the gateway's registry really exports."""

import io
import re

from gateway.development.pages import metrics
from gateway.telemetry import revocation
from gateway.telemetry.access import AccessLog
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.renewing import Stands
from gateway.telemetry.series import ALL, FINE, LATENCY

PAGE = metrics.page()


def test_every_metric_of_the_registry_and_no_other() -> None:
    listed = re.findall(r"^\| `([a-z_]+)` \|", PAGE, flags=re.MULTILINE)
    registered = Metrics(AccessLog(io.StringIO()))
    registered.witnessed(lambda: None)
    registered.watch_systems(dict)
    registered.busy(float, float)
    registered.connections(int)
    registered.handshakes(dict)
    registered.door(dict)
    registered.authorities(dict)
    registered.renewing(lambda: Stands({}, None, 0))
    registered.revocation(lambda: revocation.Stands(0.0, {}))
    exported = [each.name + ("_total" if each.type == "counter" else "") for each in registered.registry.collect()]
    assert sorted(listed) == sorted(exported)


def test_labels_and_buckets_are_told() -> None:
    for each in ALL:
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{each.name}` |"))
        assert all(f"`{label}`" in row for label in each.labels)
        assert ("_bucket" in row) == bool(each.bounds)
    for bounds in (LATENCY, FINE):
        assert f"| {bounds[0]:g}, " in PAGE
        assert f", {bounds[-1]:g} |" in PAGE
