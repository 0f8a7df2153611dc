"""Guangzhou (440100): e-licences by G1, certificates by G2, housing records by G3."""
