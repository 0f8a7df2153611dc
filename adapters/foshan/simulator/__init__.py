"""Foshan's own systems, simulated: registers in the city's vocabulary behind the interfaces F1 to F4.

Laws: a program of its own, which knows nothing of the gateway and of no other city. The interfaces are those of
docs/interfaces/foshan.md; the records are functions of the seed (see `records`).
"""
