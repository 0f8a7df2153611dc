"""A stand-in for Guangzhou's systems: a program of its own, with its own data in its own words.

Laws: nothing of the gateway is imported here, and no table of it is read; records are functions of the seed.
Interface: docs/interfaces/guangzhou.md.
"""
