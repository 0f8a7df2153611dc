"""The proofs of tax paid (完税证明) and of vehicle tax (车船税缴纳记录) as Guangzhou's tax bureau holds them, in the words of G2.

Laws: a record is a function of the register's seed, the holder and the months asked; persons and companies stand in one register.
Interface: docs/interfaces/guangzhou.md, G2.
"""

from calendar import monthrange
from typing import Any

from adapters.guangzhou.simulator.authorities import TAX_BUREAU
from adapters.guangzhou.simulator.register import Holder, Month, Register

# Collected item (征收项目) by sort of holder.
_OF_COMPANIES = ("10101", "10104", "10109", "10111")
_OF_PERSONS = ("10106", "10110", "10111")
_VEHICLES = {"1": (180, 360, 420, 660), "2": (900, 1140), "3": (96, 480), "4": (36, 120)}
"""Category of vehicle: yuan a year."""
_COLLECTORS = ("中粤财产保险股份有限公司广州分公司", "南岭财产保险有限公司广州中心支公司", "广州市税务局办税服务厅")
_FIRST, _LAST = Month(2022, 1), Month(2025, 5)
_PAYS_TAX, _OWNS_VEHICLE = 0.7, 0.6


def tax_payment_proof(register: Register, holder: Holder, first: Month, last: Month) -> dict[str, Any] | None:
    """The proof of tax paid for the periods `first` to `last`; None where the bureau knows no such taxpayer."""
    if not register.holds(f"tax-paid-{holder.sort}", holder.index, _PAYS_TAX):
        return None
    lot = register.lot(f"tax-paid-{holder.sort}", holder.index)
    begun = _FIRST.plus(0 if holder.index < 10 else lot.randrange(36))  # noqa: PLR2004 - those of the full history
    rows = [_payment(register, holder, month) for month in max(begun, first).until(min(_LAST, last))]
    fen = sum(amount for _, amount in rows)
    return {
        "nsrmc": holder.name,
        "nsrsbh": holder.number,
        "nsrlx": "2" if holder.company else "1",
        "hjje": _yuan(fen),
        "swjg": TAX_BUREAU.name,
        "swjgdm": TAX_BUREAU.code,
        "tfrq": f"2025年06月{lot.randrange(1, 31):02d}日",
        "pzhm": f"No.44{lot.randrange(10**15):015d}",
        "mxlb": [row for row, _ in rows],
    }


def _payment(register: Register, holder: Holder, month: Month) -> tuple[dict[str, Any], int]:
    # A month's own chance, so that its row is the same whichever range is asked.
    lot = register.lot(f"tax-paid-{holder.sort}-{month.compact}", holder.index)
    amount = lot.randrange(1_000, 9_000_000)
    last = monthrange(month.year, month.number)[1]
    row = {
        "yspzh": f"344{lot.randrange(10**15):015d}",
        "zsxm": lot.choice(_OF_COMPANIES if holder.company else _OF_PERSONS),
        "skssqq": f"{month.dashed}-01",
        "skssqz": f"{month.dashed}-{last}",
        "sjje": _yuan(amount),
        "rkrq": f"{month.plus(1).compact}{lot.randrange(1, 16):02d}",
    }
    return row, amount


def vehicle_tax_record(register: Register, holder: Holder, first: Month, last: Month) -> dict[str, Any] | None:
    """The record of vehicle tax paid in `first` to `last`; None where the bureau knows no vehicle of the holder."""
    if not register.holds(f"vehicle-tax-{holder.sort}", holder.index, _OWNS_VEHICLE):
        return None
    lot = register.lot(f"vehicle-tax-{holder.sort}", holder.index)
    vehicles = [_vehicle(register, holder, which) for which in range(lot.choice((1, 1, 2)))]
    rows = [row for paid in vehicles for month, row in paid if first <= month <= last]
    return {
        "nsrmc": holder.name,
        "zjhm": holder.number,
        "zjlx": "101" if holder.company else "201",
        "ljse": round(sum(row["se"] + row["znj"] for row in rows), 2),
        "kjjg": TAX_BUREAU.name,
        "dysj": f"202506{lot.randrange(1, 31):02d}{lot.randrange(8, 18):02d}{lot.randrange(60):02d}00",
        "pzbh": f"GZCC{lot.randrange(10**12):012d}",
        "jnmx": rows,
    }


def _vehicle(register: Register, holder: Holder, which: int) -> list[tuple[Month, dict[str, Any]]]:
    lot = register.lot(f"vehicle-tax-{holder.sort}-{which}", holder.index)
    category = lot.choice("1112234")
    plate, tax, month = f"粤A{lot.randrange(10**5):05d}", lot.choice(_VEHICLES[category]), lot.randrange(1, 13)
    return [
        (
            Month(year, month),
            {
                "hphm": plate,
                "cllx": category,
                "sknd": year,
                "se": tax,
                "znj": lot.choice((0, 0, 0, 0.5, 12.36)),
                "jkrq": f"{year}-{month:02d}-{lot.randrange(1, 29):02d}",
                "dsjg": lot.choice(_COLLECTORS),
            },
        )
        for year in range(2022, 2025)
    ]


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
