"""Foshan's proofs of tax paid (完税证明) and of vehicle tax (车船税缴纳记录), and its invoices, in the words of F2.10 to F2.12.

Laws: functions of (holder, seed) alone; tax paid in fen and yyyyMMdd, vehicle tax and invoices in yuan; persons and companies stand
in one register of taxpayers.
"""

from calendar import monthrange
from dataclasses import dataclass, field

from adapters.foshan.simulator.certificates import LAST_PAID, Month, Record, months_of
from adapters.foshan.simulator.licences import CLOSED, REGION
from adapters.simulation.population import Company, Person, draw, holds, invoice

_KINDS_OF_COMPANIES = ("增值税", "企业所得税", "城市维护建设税", "印花税")
_KINDS_OF_PERSONS = ("个人所得税", "房产税", "契税")
_VEHICLES = {"乘用车": (180, 360, 420, 660), "客车": (900, 1140), "货车": (96, 480), "摩托车": (36, 120)}
"""Category of vehicle: yuan a year."""
_AGENTS = ("岭安财产保险股份有限公司佛山分公司", "佛山市税务局自助办税终端")
_GOODS = (("陶瓷砖", "箱", 13), ("家具", "套", 13), ("物流辅助服务", "", 6), ("鲜活水产品", "千克", None))
_PAYS_TAX, _OWNS_VEHICLE, _INVOICED = 0.7, 0.6, 0.9
_EARLIEST: Month = (2022, 1)
_OFFICE = "国家税务总局佛山市税务局"


@dataclass(frozen=True, slots=True)
class Taxpayer:
    """A person or a company as the tax bureau knows it."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    index: int
    company: bool
    seed: int

    @property
    def sort(self) -> str:
        """What tells the chance of person 0 from that of company 0."""
        return "company" if self.company else "person"


def tax_paid(payer: Taxpayer, begin: Month, end: Month) -> Record | None:
    """The proof with the payments for periods of `begin` to `end`, both included; None where nobody of the number pays tax."""
    if not holds(REGION, payer.seed, f"tax-paid-{payer.sort}", payer.index, _PAYS_TAX):
        return None
    rows = [_payment(payer, month) for month in months_of(max(begin, _EARLIEST), min(end, LAST_PAID))]
    return {
        "NSRMC": payer.name,
        "NSRSBH": payer.number,
        "NSRLX": "企业" if payer.company else "自然人",
        "HJJE": sum(row["SJJE"] for row in rows),
        "MX": rows,
        "KJJG": _OFFICE,
        "KJSJ": f"{CLOSED:%Y-%m-%d} 16:05:00",
        "WSZH": f"({CLOSED.year})粤国证{REGION}{payer.company:d}{payer.index:07d}",
    }


def _payment(payer: Taxpayer, month: Month) -> Record:
    lot = draw(REGION, payer.seed, f"tax-paid-{payer.sort}", payer.index, *month)
    year, number = month
    # What is paid for a month is paid in the next.
    paid = (year + number // 12) * 100 + number % 12 + 1
    return {
        "SPH": f"{REGION}{lot.randrange(10**12):012d}",
        "SZ": lot.choice(_KINDS_OF_COMPANIES if payer.company else _KINDS_OF_PERSONS),
        "SSQS": f"{year}{number:02d}01",
        "SSZZ": f"{year}{number:02d}{monthrange(year, number)[1]}",
        "SJJE": lot.randrange(1_000, 8_000_000),
        "RKRQ": f"{paid}{lot.randrange(1, 16):02d}",
    }


def vehicle_tax(payer: Taxpayer, begin: Month, end: Month) -> Record | None:
    """The record of what was paid in `begin` to `end`, both included; None where nobody of the number owns a vehicle."""
    if not holds(REGION, payer.seed, f"vehicle-tax-{payer.sort}", payer.index, _OWNS_VEHICLE):
        return None
    lot = draw(REGION, payer.seed, f"vehicle-tax-{payer.sort}", payer.index)
    rows = [row for which in range(lot.choice((1, 1, 2))) for row in _of_vehicle(payer, which, begin, end)]
    return {
        "ownerName": payer.name,
        "ownerNo": payer.number,
        "ownerKind": "E" if payer.company else "P",
        "sumPaid": _yuan(sum(tax + late for _, tax, late in rows)),
        "bureau": _OFFICE,
        "docDate": f"{CLOSED:%Y/%m/%d}",
        "docNo": f"FSCC{CLOSED.year}{payer.company:d}{payer.index:07d}",
        "list": [row for row, _, _ in rows],
    }


def _of_vehicle(payer: Taxpayer, which: int, begin: Month, end: Month) -> list[tuple[Record, int, int]]:
    lot = draw(REGION, payer.seed, f"vehicle-tax-{payer.sort}", payer.index, which)
    kind = lot.choice(("乘用车", "乘用车", "乘用车", "客车", "货车", "摩托车"))
    plate, tax, month = f"粤E{lot.randrange(10**5):05d}", lot.choice(_VEHICLES[kind]) * 100, lot.randrange(1, 13)
    rows = []
    for year in range(2022, 2025):
        late = lot.choice((0, 0, 0, 55, 1236))
        row = {
            "plate": plate,
            "kind": kind,
            "year": str(year),
            "tax": _yuan(tax),
            "lateFee": _yuan(late),
            "payDate": f"{year}{month:02d}{lot.randrange(1, 29):02d}",
            "agent": lot.choice(_AGENTS),
        }
        if begin <= (year, month) <= end:
            rows.append((row, tax, late))
    return rows


def checked_invoice(company: Company, index: int, seed: int, buyer: Company | Person) -> Record | None:
    """The invoice of company `index`; None where the bureau has none."""
    if not holds(REGION, seed, "invoice", index, _INVOICED):
        return None
    lot, settled = draw(REGION, seed, "invoice", index), invoice(REGION, index, seed)
    lines = [_line(seed, index, which) for which in range(lot.choice((1, 2, 3)))]
    amount, tax = sum(each[1] for each in lines), sum(each[2] for each in lines)
    return {
        "FPHM": settled.number,
        "FPZL": lot.choice(("S", "P", "ZS", "ZP")),
        "KPRQ": f"{settled.issued:%Y-%m-%d}",
        "FPZT": "正常" if index == 0 else lot.choice(("正常", "正常", "正常", "作废", "全额红冲", "部分红冲")),
        "XF": {"MC": company.name, "SBH": company.code},
        "GF": {"MC": buyer.name, "SBH": buyer.code if isinstance(buyer, Company) else ""},
        "JE": _yuan(amount),
        "SE": _yuan(tax),
        "JSHJ": _yuan(amount + tax),
        "HW": [each[0] for each in lines],
        "CYDW": _OFFICE,
        "CYRQ": f"{CLOSED:%Y%m%d}",
        "CYBH": f"FSCY{CLOSED:%Y%m%d}{index:08d}",
    }


def _line(seed: int, index: int, which: int) -> tuple[Record, int, int]:
    lot = draw(REGION, seed, "invoice", index, which)
    name, unit, rate = lot.choice(_GOODS)
    count, price = (lot.randrange(1, 400), lot.randrange(100, 400_000)) if unit else (1, lot.randrange(10_000, 800_000))
    amount = count * price
    tax = amount * (rate or 0) // 100
    line = {"MC": name, "JE": _yuan(amount), "SL": "免税" if rate is None else f"{rate}.00", "SE": _yuan(tax)}
    return line | ({"DW": unit, "SHL": str(count), "DJ": _yuan(price)} if unit else {}), amount, tax


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
