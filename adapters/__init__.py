"""The cities: one folder each, over shared families of connectors."""
