"""Pages of docs/ that are made from the code, so that they cannot say other than it does.

Laws: a page is a function of the code alone, the same on every machine: no moment, path or port stands in it; a name or a number
that the code has is read from the code.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from gateway.development.pages import catalogue, commands, metrics, reasons, walk, watching
from gateway.development.watching.dashboards import DASHBOARDS, rendered

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "docs/walk.md": walk.page,
        "docs/reasons.md": reasons.page,
        "docs/metrics.md": metrics.page,
        "docs/catalogue.md": catalogue.page,
        "docs/cli.md": commands.page,
        "docs/runbooks.md": watching.runbooks,
        "deploy/prometheus/rules.yml": watching.rules,
    }
    | {f"deploy/grafana/{each.uid}.json": partial(rendered, each) for each in DASHBOARDS}
)
"""Where each page lies, from the root of the project, and what makes it."""
