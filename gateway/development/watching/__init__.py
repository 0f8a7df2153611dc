"""Alert rules and dashboards as tables; deploy/prometheus, deploy/grafana and docs/runbooks.md are made from them.

Law: a metric is named by its row of gateway.telemetry.series, so that what is not exported cannot be asked for.
"""
