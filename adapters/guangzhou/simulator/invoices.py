"""Invoices (发票) as Guangzhou's tax bureau has them for checking, in the words of G2.

Laws: a function of the register's seed and the seller; one invoice a company can be found, by its number and its day together.
Interface: docs/interfaces/guangzhou.md, G2.
"""

from typing import Any

from adapters.guangzhou.simulator.authorities import TAX_BUREAU
from adapters.guangzhou.simulator.register import REGION, Register
from adapters.simulation.population import invoice

_KINDS, _STATES = ("81", "82", "85", "86"), ("0", "0", "0", "0", "2", "3", "7")
# Goods, unit, rate in percent; None is free of tax.
_GOODS = (
    ("*信息技术服务*软件维护", "项", 6),
    ("*陶瓷制品*墙砖", "平方米", 13),
    ("*运输服务*货物运输", "", 9),
    ("*蔬菜*鲜菜", "公斤", None),
)
_KNOWN = 0.9


def checked_invoice(register: Register, index: int) -> dict[str, Any] | None:
    """The invoice of company `index`; None where the bureau has none."""
    if not register.holds("invoice", index, _KNOWN):
        return None
    lot, settled, seller = register.lot("invoice", index), invoice(REGION, index, register.seed), register.companies[index]
    goods = [_line(register, index, which) for which in range(lot.choice((1, 2, 3)))]
    amount, tax = sum(line[1] for line in goods), sum(line[2] for line in goods)
    buyer = lot.choice(register.companies)
    private = index > 0 and lot.random() < 1 / 4
    return {
        "fphm": settled.number,
        "fplx": lot.choice(_KINDS),
        "kprq": f"{settled.issued:%Y%m%d}",
        "fpzt": "0" if index == 0 else lot.choice(_STATES),
        "xsfmc": seller.name,
        "xsfsbh": seller.code,
        "gmfmc": lot.choice(register.people).name if private else buyer.name,
        "gmfsbh": None if private else buyer.code,
        "hjje": _yuan(amount),
        "hjse": _yuan(tax),
        "jshj": _yuan(amount + tax),
        "hwmx": [line[0] for line in goods],
        "cyjg": TAX_BUREAU.name,
        "cysj": f"2025-06-{lot.randrange(1, 31):02d} {lot.randrange(8, 18):02d}:{lot.randrange(60):02d}:00",
        "cyxh": f"GZCY{lot.randrange(10**14):014d}",
    }


def _line(register: Register, index: int, which: int) -> tuple[dict[str, Any], int, int]:
    lot = register.lot(f"invoice-{which}", index)
    name, unit, rate = lot.choice(_GOODS)
    count, price = (lot.randrange(1, 500), lot.randrange(100, 500_000)) if unit else (1, lot.randrange(10_000, 900_000))
    amount = count * price
    tax = amount * (rate or 0) // 100
    line = {
        "hwmc": name,
        "dw": unit or None,
        "sl": str(count) if unit else None,
        "dj": _yuan(price) if unit else None,
        "je": _yuan(amount),
        "slv": None if rate is None else f"{rate}",
        "se": _yuan(tax),
    }
    return line, amount, tax


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
