"""The licence platform's catalogue: every item of G1, and where its licences are.

Laws: one row an item; who may hold one is the row's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.guangzhou.simulator import civil, licences, permits, possessions
from adapters.guangzhou.simulator.licences import Licence
from adapters.guangzhou.simulator.register import Register


@dataclass(frozen=True, slots=True)
class Item:
    """One row: where the licences of a number and a name (None: whatever the name) are, newest first."""

    find: Callable[[Register, str, str | None], tuple[Licence, ...]]


CATALOGUE = {
    licences.BUSINESS: Item(licences.business),
    licences.DRIVING: Item(licences.driving),
    licences.MARRIAGE: Item(licences.marriage),
    licences.TITLE: Item(possessions.real_estate_title),
    licences.VEHICLE: Item(possessions.vehicle_licence),
    licences.BIRTH: Item(civil.birth_certificate),
    licences.FOOD: Item(permits.food_business),
    licences.SCHOOL: Item(permits.school_operating),
    licences.DISABILITY: Item(civil.disability_certificate),
}
