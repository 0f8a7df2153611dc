"""Families of connectors that the cities share: what is the same in every city stands here once.

Laws: a city sets knobs, a connector turns them. Only `http`, `token` and `calling` await; everything else is pure, and so is a
dialect that is built on it.
Whatever a city does, a caller of this package gets a value or a Refusal whose blame is COUNTERPARTY.
"""
