"""Interfaces that are described and not programmed: a gateway.model.interface.Interface becomes an adapter of one of six families.

Laws: a description is turned into functions once, when the adapter is made; `client` alone awaits, and everything else is pure; what
holds for a programmed dialect holds here: a value or a Refusal whose blame is COUNTERPARTY, an unknown code is CITY_ANSWER_INVALID,
and only the innermost code, or an explicit empty list under a fine one, says that there is no record.
"""
