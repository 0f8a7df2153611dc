"""Whom to ask about: the people and companies with a settled situation, some in a row, and of every peculiarity some more.

Law: chosen by what the city's own records say, so that every code of every list and every odd spelling is asked for.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from adapters.simulation.population import FIXED, Company, Person
from tests.journeys.canonical import WRONG_CHECK, Months, Plain, Truth, number_of

_IN_A_ROW = 5
_OF_EACH = 2
_SEARCHED = 800
_LISTS = ("contributions", "homes", "payments", "allocations", "deposits", "fines", "items", "owners")

_MAY_BE_ABSENT = frozenset({"remark", "buyer_code", "land_use_until", "owners.share", "guardian"})
_BESIDE = {"buyer": "buyer_code", "mother": "father", "floor_area": "land_use_until", "grade": "guardian"}
"""What may be missing on a paper that has the other."""
_COLUMNS_BESIDE = {"items.description": ("unit", "tax_rate")}


def chosen(truth: Truth, kind: str, months: Months) -> tuple[tuple[Person | Company, ...], Counter[str]]:
    """The holders, and how many of them have each peculiarity."""
    seen: Counter[str] = Counter()
    found: list[Person | Company] = []
    for index, holder in enumerate(truth.holders(kind)[:_SEARCHED]):
        odd = peculiarities(truth, kind, holder, months)
        if index < FIXED + _IN_A_ROW or any(seen[each] < _OF_EACH for each in odd):
            found.append(holder)
            seen.update(odd)
    return tuple(found), seen


def peculiarities(truth: Truth, kind: str, holder: Person | Company, months: Months) -> frozenset[str]:
    """What a mistake could hang on: codes, what is absent, how many there are, and how it is spelt."""
    number = number_of(holder)
    papers = truth.papers(kind, number, months)
    return frozenset(
        {
            f"papers: {len(papers)}",
            *(each for paper in papers for each in _of_paper(paper)),
            *(truth.oddities(kind, number)),
            "a person" if isinstance(holder, Person) else "a company",
            *(each for paper in papers for name, *_ in paper["holders"] for each in _of_name(name)),
            *({"abandoned division"} if isinstance(holder, Person) and number[:6] not in truth.living else ()),
        }
    )


def _of_paper(paper: Plain) -> Iterator[str]:
    if WRONG_CHECK in paper["findings"]:
        yield "wrong check character"
    if paper["valid_from"] and not paper["valid_to"]:
        yield "no end"
    if paper["status"]:
        yield f"status: {paper['status']}"
    yield from (f"no {other}" for name, other in _BESIDE.items() if name in paper and other not in paper)
    for name, value in paper.items():
        yield from _of_value(name, value)
        for row in value if name in _LISTS else ():
            for column, cell in row.items():
                yield from _of_value(f"{name}.{column}", cell)
                yield from (f"no {name}.{each}" for each in _COLUMNS_BESIDE.get(f"{name}.{column}", ()) if each not in row)


def _of_value(name: str, value: object) -> Iterator[str]:
    if isinstance(value, tuple):
        yield f"{name}: {value[1]}"
    elif isinstance(value, list) and name in _LISTS:
        yield f"{name}: {len(value) if name in {'homes', 'owners'} else 'some' if value else 'empty'}"
    elif name in _MAY_BE_ABSENT:
        yield name
    elif name == "registered_capital":
        yield f"{name}: {'a round sum' if str(value).endswith('0000.00') else 'parts of ten thousand yuan'}"
    elif isinstance(value, str) and name.endswith(("base", "income")):
        yield f"{name}: {'whole yuan' if value.endswith('.00') else 'tenths' if value.endswith('0') else 'to the fen'}"


def _of_name(name: str) -> Iterable[str]:
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return {"outside GB2312"} | ({"beyond the BMP"} if any(ord(sign) > 0xFFFF for sign in name) else set())
    return ()
