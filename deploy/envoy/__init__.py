"""A bridge for callers that speak REST: Envoy, run by the department, with the department's own certificate."""
