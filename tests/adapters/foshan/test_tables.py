"""Foshan's tables: whole, and true to records written by hand after the interface page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.registry import CONNECTORS, OPERATIONS
from gateway.exchange import Concluded
from gateway.model.city import CityAnswer
from gateway.model.refusal import Refusal
from tests.adapters.asking import concluded
from tests.adapters.hostile import replaced
from tests.adapters.tabled import ALIASES, table_of
from tests.fuzzing import TIMES

PERSON = ("何㛃", "111", "440604189002140210", "")
COMPANY = ("某公司", "001", "91440114M90001866U", "")
HOLDER = {"CZZT": "何㛃", "CZZTDM": "440604189002140210", "CZZTDMLXDM": "111"}
E_LICENCE = {
    "ZZBS": "1.2.156.3005.2",
    "ZZBH": "440604189002140210",
    "ZZBFJG": "佛山市某局",
    "ZZBFJGDM": "11440600M000001070",
    "ZZBFRQ": "20190312",
    "ZZYXQQSRQ": "20120618",
    "ZZYXQJZRQ": "20320617",
    "ZZZT": "2",
}
COMMON = {
    "identifier": "1.2.156.3005.2",
    "number": "440604189002140210",
    "issuer": "佛山市某局",
    "issuer_code": "11440600M000001070",
    "issued_on": "2019-03-12",
    "valid_from": "2012-06-18",
    "valid_to": "2032-06-17",
    "status": ("REVOKED", "2"),
}
RECORDS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "social-insurance-proof": (
        {
            "xm": "何㛃",
            "zjhm": "440604189002140210",
            "dwmc": "佛山市岭泰陶瓷有限公司",
            "dwxydm": "91440605MA4W00011E",
            "cbzt": "3",
            "scny": "201807",
            "ljys": 78,
            "jbjg": "佛山市社会保险基金管理局",
            "dyrq": "20250115",
            "zmbh": "FSSB202501150000001",
            "jfmx": [{"jfny": "202312", "xz": "02", "jfjs": "6543.21", "grjf": "13.09", "dwjf": "52.35"}],
        },
        {
            "number": "FSSB202501150000001",
            "issuer": "佛山市社会保险基金管理局",
            "issued_on": "2025-01-15",
            "holders": [PERSON],
            "employer": "佛山市岭泰陶瓷有限公司",
            "employer_code": "91440605MA4W00011E",
            "insured_status": ("ENDED", "3"),
            "insured_since": "2018-07",
            "months_paid": 78,
            "contributions": [
                {
                    "month": "2023-12",
                    "insurance": ("UNEMPLOYMENT", "02"),
                    "base": "6543.21",
                    "personal_amount": "13.09",
                    "employer_amount": "52.35",
                }
            ],
        },
    ),
    "housing-record": (
        {
            "fwxx": [
                {
                    "bdcqzh": "粤1",
                    "zl": "某路",
                    "jzmj": "89.50",
                    "ghyt": "19",
                    "gyqk": "A",
                    "gyfe": "50%",
                    "djrq": "2016/08/23",
                }
            ],
            "xm": "何㛃",
            "zjhm": "440604189002140210",
            "cjjg": "佛山市不动产登记中心",
            "cjrq": "2025/01/15",
            "zmbh": "FSFC-2025-0000001",
        },
        {
            "number": "FSFC-2025-0000001",
            "issuer": "佛山市不动产登记中心",
            "issued_on": "2025-01-15",
            "holders": [PERSON],
            "homes": [
                {
                    "title_number": "粤1",
                    "location": "某路",
                    "floor_area": "89.50",
                    "planned_use": ("RESIDENTIAL", "19"),
                    "ownership": ("BY_SHARES", "A"),
                    "share": "50%",
                    "registered_on": "2016-08-23",
                }
            ],
        },
    ),
    "medical-insurance-statement": (
        {
            "docNo": "FSYB1",
            "agency": "佛山市医疗保障局",
            "makeTime": "2025-01-15 09:30:00",
            "psninfo": {
                "psnName": "何㛃",
                "certno": "440604189002140210",
                "insutype": "390",
                "psnInsuStas": "4",
                "insuAdmdvs": "佛山市禅城区",
            },
            "acct": {"balc": 0, "transferSum": 12345},
            "transfers": [
                {
                    "accrym": "202312",
                    "empName": "某公司",
                    "base": 493800,
                    "psnPart": 9876,
                    "empPart": 2469,
                    "total": 12345,
                    "crtTime": "2024-01-10 23:59:00",
                }
            ],
        },
        {
            "number": "FSYB1",
            "issuer": "佛山市医疗保障局",
            "issued_on": "2025-01-15",
            "holders": [PERSON],
            "insured_place": "佛山市禅城区",
            "scheme": ("RESIDENT", "390"),
            "insured_status": ("ENDED", "4"),
            "balance": "0.00",
            "total_allocated": "123.45",
            "allocations": [
                {
                    "month": "2023-12",
                    "employer": "某公司",
                    "base": "4938.00",
                    "personal_amount": "98.76",
                    "employer_amount": "24.69",
                    "amount": "123.45",
                    "credited_on": "2024-01-10",
                }
            ],
        },
    ),
    "provident-fund-statement": (
        {
            "name": "何㛃",
            "idCard": "440604189002140210",
            "accountNo": "FS1",
            "unit": "某公司",
            "unitCode": "91440605MA4W00011E",
            "state": "2",
            "openDate": "2019/03/01",
            "balance": 0,
            "base": 661000,
            "psnRate": "7.50",
            "unitRate": "12.00",
            "center": "佛山市住房公积金管理中心",
            "certDate": "2025/01/15",
            "certNo": "FSGJJ-1",
            "rows": [{"ym": "2024-01", "psn": 49575, "unit": 79320, "sum": 128895, "date": "2024/01/20"}],
        },
        {
            "number": "FSGJJ-1",
            "issuer": "佛山市住房公积金管理中心",
            "issued_on": "2025-01-15",
            "holders": [PERSON],
            "account_number": "FS1",
            "employer": "某公司",
            "employer_code": "91440605MA4W00011E",
            "account_status": ("CLOSED", "2"),
            "opened_on": "2019-03-01",
            "balance": "0.00",
            "base": "6610.00",
            "personal_rate": "7.50",
            "employer_rate": "12.00",
            "deposits": [
                {
                    "month": "2024-01",
                    "personal_amount": "495.75",
                    "employer_amount": "793.20",
                    "amount": "1288.95",
                    "credited_on": "2024-01-20",
                }
            ],
        },
    ),
    "traffic-fine-record": (
        {
            "XM": "何㛃",
            "JSZH": "440604189002140210",
            "JSZZT": "02",
            "LJJF": "11",
            "WJHJ": "0.00",
            "CJDW": "佛山市公安局交通警察支队",
            "CJRQ": "20250115",
            "ZMBH": "FSJT1",
            "FKLB": [
                {
                    "JDSH": "1",
                    "WFRQ": "20240131",
                    "WFDD": "某路口",
                    "WFXW": "闯红灯",
                    "HPHM": "粤E00001",
                    "FKJE": "200.00",
                    "JF": "6",
                    "JKZT": "Y",
                }
            ],
        },
        {
            "number": "FSJT1",
            "issuer": "佛山市公安局交通警察支队",
            "issued_on": "2025-01-15",
            "holders": [PERSON],
            "licence_status": ("SUSPENDED", "02"),
            "demerit_points": 11,
            "unpaid_total": "0.00",
            "fines": [
                {
                    "decision_number": "1",
                    "violated_on": "2024-01-31",
                    "place": "某路口",
                    "offence": "闯红灯",
                    "plate_number": "粤E00001",
                    "amount": "200.00",
                    "points": 6,
                    "payment": ("PAID", "Y"),
                }
            ],
        },
    ),
    "tax-payment-proof": (
        {
            "NSRMC": "某公司",
            "NSRSBH": "91440114M90001866U",
            "NSRLX": "企业",
            "HJJE": 1230,
            "KJJG": "某局",
            "KJSJ": "2025-01-15 16:05:00",
            "WSZH": "粤国证1",
            "MX": [
                {
                    "SPH": "1",
                    "SZ": "契税",
                    "SSQS": "20240201",
                    "SSZZ": "20240229",
                    "SJJE": 1230,
                    "RKRQ": "20240305",
                }
            ],
        },
        {
            "number": "粤国证1",
            "issuer": "某局",
            "issued_on": "2025-01-15",
            "holders": [COMPANY],
            "total_paid": "12.30",
            "payments": [
                {
                    "voucher_number": "1",
                    "tax": ("DEED_TAX", "契税"),
                    "period_from": "2024-02-01",
                    "period_to": "2024-02-29",
                    "amount": "12.30",
                    "paid_on": "2024-03-05",
                }
            ],
        },
    ),
    "invoice-check": (
        {
            "FPHM": "24440000000000000001",
            "FPZL": "ZP",
            "KPRQ": "2024-02-29",
            "FPZT": "全额红冲",
            "XF": {"MC": "某公司", "SBH": "91440114M90001866U"},
            "GF": {"MC": "何㛃", "SBH": ""},
            "JE": "100.00",
            "SE": "6.00",
            "JSHJ": "106.00",
            "CYDW": "某局",
            "CYRQ": "20250115",
            "CYBH": "FSCY1",
            "HW": [
                {"MC": "物流", "JE": "100.00", "SL": "6.00", "SE": "6.00"},
                {"MC": "鱼", "DW": "千克", "SHL": "1", "DJ": "0.00", "JE": "0.00", "SL": "免税", "SE": "0.00"},
            ],
        },
        {
            "number": "FSCY1",
            "issuer": "某局",
            "issued_on": "2025-01-15",
            "holders": [COMPANY],
            "invoice_number": "24440000000000000001",
            "invoice_kind": ("PAPER_ORDINARY", "ZP"),
            "invoiced_on": "2024-02-29",
            "invoice_status": ("OFFSET", "全额红冲"),
            "buyer": "何㛃",
            "amount": "100.00",
            "tax": "6.00",
            "total": "106.00",
            "items": [
                {"description": "物流", "amount": "100.00", "tax_rate": "6.00", "tax": "6.00"},
                {
                    "description": "鱼",
                    "unit": "千克",
                    "quantity": "1",
                    "unit_price": "0.00",
                    "amount": "0.00",
                    "tax": "0.00",
                },
            ],
        },
    ),
    "vehicle-tax-record": (
        {
            "ownerName": "何㛃",
            "ownerNo": "440604189002140210",
            "ownerKind": "P",
            "sumPaid": "492.36",
            "bureau": "某局",
            "docDate": "2025/01/15",
            "docNo": "FSCC-1",
            "list": [
                {
                    "plate": "粤E00001",
                    "kind": "客车",
                    "year": "2024",
                    "tax": "480.00",
                    "lateFee": "12.36",
                    "payDate": "20240229",
                    "agent": "某保险公司",
                }
            ],
        },
        {
            "number": "FSCC-1",
            "issuer": "某局",
            "issued_on": "2025-01-15",
            "holders": [PERSON],
            "total_paid": "492.36",
            "payments": [
                {
                    "plate_number": "粤E00001",
                    "vehicle_category": ("BUS", "客车"),
                    "tax_year": 2024,
                    "tax": "480.00",
                    "late_fee": "12.36",
                    "paid_on": "2024-02-29",
                    "collected_by": "某保险公司",
                }
            ],
        },
    ),
    "income-tax-statement": (
        {
            "NSRXM": "何㛃",
            "NSRSBH": "440604189002140210",
            "MXLB": [
                {"SKSSQ": "2023-12", "SDXM": "04", "KJYWRMC": "某公司", "SRE": "12345.60", "YJSE": "234.57", "ZGSWJG": "某局"}
            ],
            "HJSE": "234.57",
            "KJJG": "国家税务总局佛山市税务局",
            "KJRQ": "2025-01-15",
            "QDBH": "44060020250115000001",
        },
        {
            "number": "44060020250115000001",
            "issuer": "国家税务总局佛山市税务局",
            "issued_on": "2025-01-15",
            "holders": [PERSON],
            "total_tax": "234.57",
            "payments": [
                {
                    "period": "2023-12",
                    "income_item": ("ROYALTIES", "04"),
                    "withholding_agent": "某公司",
                    "income": "12345.60",
                    "tax": "234.57",
                    "tax_authority": "某局",
                }
            ],
        },
    ),
    "business-licence": (
        {
            **E_LICENCE,
            "holders": [{"CZZT": "佛山市岭泰陶瓷有限公司", "CZZTDM": "91440605MA4W00011E", "CZZTDMLXDM": "001"}],
            "certData": {
                "LXDM": "1130",
                "FDDBR": "何㛃",
                "ZCZB": "120.5",
                "CLRQ": "20120618",
                "ZS": "佛山市某路",
                "JYFW": "建筑陶瓷销售",
            },
        },
        {
            **COMMON,
            "holders": [("佛山市岭泰陶瓷有限公司", "001", "91440605MA4W00011E", "")],
            "enterprise_type": ("SOLE_SHAREHOLDER_LIMITED", "1130"),
            "legal_representative": "何㛃",
            "registered_capital": "1205000.00",
            "established_on": "2012-06-18",
            "address": "佛山市某路",
            "business_scope": "建筑陶瓷销售",
        },
    ),
    "driving-licence": (
        {
            **E_LICENCE,
            "holders": [HOLDER],
            "certData": {
                "XBDM": "1",
                "GJDM": "156",
                "ZZ": "佛山市某街",
                "CSRQ": "18900214",
                "CCLZRQ": "20080709",
                "ZJCX": "A1A2",
                "DABH": "440600123456",
                "LJJF": "3",
            },
        },
        {
            **COMMON,
            "holders": [PERSON],
            "sex": ("MALE", "1"),
            "nationality": "156",
            "address": "佛山市某街",
            "born_on": "1890-02-14",
            "first_issued_on": "2008-07-09",
            "vehicle_class": "A1A2",
            "file_number": "440600123456",
            "demerit_points": 3,
        },
    ),
    "real-estate-title": (
        {
            **E_LICENCE,
            "holders": [
                HOLDER | {"QLBL": "2/3"},
                {"CZZT": "梁秋月", "CZZTDM": "440605189103051221", "CZZTDMLXDM": "111", "QLBL": "1/3"},
            ],
            "certData": {
                "BDCDYH": "440100",
                "ZL": "某路",
                "QLLX": "房屋所有权",
                "QLXZ": "房改房",
                "GHYT": "商业",
                "GYQK": "按份共有",
                "JZMJ": "105.31",
                "TDSYQZZ": "20780228",
                "DJRQ": "20190312",
                "FJ": "抵押",
            },
        },
        {
            **{name: COMMON[name] for name in COMMON.keys() - {"valid_from", "valid_to"}},
            "holders": [PERSON, ("梁秋月", "111", "440605189103051221", "")],
            "unit_number": "440100",
            "location": "某路",
            "right_type": "房屋所有权",
            "right_nature": ("REFORM_HOUSING", "房改房"),
            "planned_use": ("COMMERCIAL", "商业"),
            "ownership": ("BY_SHARES", "按份共有"),
            "owners": [
                {"name": "何㛃", "id_number": "440604189002140210", "share": "2/3"},
                {"name": "梁秋月", "id_number": "440605189103051221", "share": "1/3"},
            ],
            "floor_area": "105.31",
            "land_use_until": "2078-02-28",
            "registered_on": "2019-03-12",
            "remark": "抵押",
        },
    ),
    "vehicle-licence": (
        {
            **E_LICENCE,
            "holders": [{"CZZT": "某公司", "CZZTDM": "91440114M90001866U", "CZZTDMLXDM": "001"}],
            "certData": {
                "HPHM": "粤A00001",
                "CLLX": "轻型普通货车",
                "ZZ": "某路",
                "SYXZ": "货运",
                "PPXH": "某牌",
                "CLSBDM": "LSYN1",
                "FDJHM": "E1",
                "ZCRQ": "20190312",
                "HDZRS": "3",
                "ZZL": "4395",
                "JYYXQ": "202602",
            },
        },
        {
            **{name: COMMON[name] for name in COMMON.keys() - {"valid_from", "valid_to"}},
            "holders": [COMPANY],
            "plate_number": "粤A00001",
            "vehicle_type": ("LIGHT_TRUCK", "轻型普通货车"),
            "address": "某路",
            "use": ("FREIGHT", "货运"),
            "model": "某牌",
            "vin": "LSYN1",
            "engine_number": "E1",
            "registered_on": "2019-03-12",
            "seats": 3,
            "gross_mass": 4395,
            "inspection_valid_to": "2026-02",
        },
    ),
    "birth-certificate": (
        {
            **E_LICENCE,
            "holders": [HOLDER],
            "certData": {
                "XB": "女",
                "CSRQ": "1890-02-14",
                "CSDD": "某市",
                "YZ": "39",
                "TZ": "3200",
                "SC": "50",
                "MQXM": "梁秋月",
                "MQZJHM": "440605186103051221",
                "FQXM": "何志",
                "FQZJHM": "440604186002140210",
            },
        },
        {
            **{name: COMMON[name] for name in COMMON.keys() - {"valid_from", "valid_to"}},
            "holders": [PERSON],
            "sex": ("FEMALE", "女"),
            "born_on": "1890-02-14",
            "birthplace": "某市",
            "gestation": 39,
            "weight": 3200,
            "length": 50,
            "mother": "梁秋月",
            "mother_id_number": "440605186103051221",
            "father": "何志",
            "father_id_number": "440604186002140210",
        },
    ),
    "food-business-licence": (
        {
            **E_LICENCE,
            "holders": [{"CZZT": "某公司", "CZZTDM": "91440114M90001866U", "CZZTDMLXDM": "001"}],
            "certData": {
                "FZR": "何㛃",
                "ZS": "某路",
                "JYCS": "某街",
                "ZTYT": "单位食堂",
                "JYXM": "热食",
                "JGJG": "监管所",
            },
        },
        {
            **COMMON,
            "holders": [COMPANY],
            "legal_representative": "何㛃",
            "address": "某路",
            "premises": "某街",
            "business_form": ("CANTEEN", "单位食堂"),
            "business_items": "热食",
            "supervised_by": "监管所",
        },
    ),
    "school-operating-licence": (
        {
            **E_LICENCE,
            "holders": [{"CZZT": "某公司", "CZZTDM": "91440114M90001866U", "CZZTDMLXDM": "001"}],
            "certData": {
                "XZ": "何㛃",
                "JBZ": "某集团",
                "XXLB": "培训机构",
                "YLX": "Y",
                "BXNR": "培训",
                "XXDZ": "某路",
                "ZGJG": "教育局",
            },
        },
        {
            **COMMON,
            "holders": [COMPANY],
            "principal": "何㛃",
            "organiser": "某集团",
            "school_type": ("TRAINING", "培训机构"),
            "profit": ("FOR_PROFIT", "Y"),
            "teaching": "培训",
            "address": "某路",
            "supervised_by": "教育局",
        },
    ),
    "disability-certificate": (
        {
            **E_LICENCE,
            "holders": [HOLDER],
            "certData": {
                "XBDM": "2",
                "CSRQ": "18900214",
                "CJLB": "肢体",
                "CJDJ": "三级",
                "JTZZ": "某路",
                "JHRXM": "何志",
            },
        },
        {
            **COMMON,
            "holders": [PERSON],
            "sex": ("FEMALE", "2"),
            "born_on": "1890-02-14",
            "category": ("PHYSICAL", "肢体"),
            "grade": ("GRADE_3", "三级"),
            "address": "某路",
            "guardian": "何志",
        },
    ),
    "marriage-certificate": (
        {
            **E_LICENCE,
            "holders": [
                {**HOLDER, "XBDM": "1"},
                {"CZZT": "梁秋月", "CZZTDM": "440605189103051221", "CZZTDMLXDM": "111", "XBDM": "2"},
            ],
            "certData": {"BZ": "补发"},
        },
        {
            **{name: COMMON[name] for name in COMMON.keys() - {"valid_from", "valid_to"}},
            "holders": [("何㛃", "111", "440604189002140210", "MALE"), ("梁秋月", "111", "440605189103051221", "FEMALE")],
            "remark": "补发",
        },
    ),
}
# Without holders a record is read, and then it is about nobody: translation refuses that.
NO_TERM = {"ZZYXQQSRQ"}
UNREAD = {
    "marriage-certificate": {*NO_TERM, "certData"},
    "vehicle-licence": NO_TERM,
    "birth-certificate": NO_TERM,
    "real-estate-title": NO_TERM,
}


@pytest.mark.parametrize("alias", ALIASES)
def test_every_field_is_mapped_or_withheld_and_every_rule_fits(alias: str) -> None:
    found = table_of("foshan", alias)
    assert found.problems == ()
    assert (found.coverage.missing, found.coverage.unasked, found.spec.region) == ((), (), "440600")
    assert found.spec.system in CONNECTORS
    assert found.spec.operation in OPERATIONS[found.spec.system]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_record_in_canonical_words(alias: str) -> None:
    record, canonical = RECORDS[alias]
    assert table_of("foshan", alias).read(record) == canonical


@pytest.mark.parametrize("absent", ["99991231", ""])
def test_no_end_is_no_day(absent: str) -> None:
    record, canonical = RECORDS["business-licence"]
    read = table_of("foshan", "business-licence").read({**record, "ZZYXQJZRQ": absent})
    assert canonical.keys() - read.keys() == {"valid_to"}


def test_a_remark_may_be_absent() -> None:
    record, canonical = RECORDS["marriage-certificate"]
    read = table_of("foshan", "marriage-certificate").read({**record, "certData": {}})
    assert canonical.keys() - read.keys() == {"remark"}


@pytest.mark.parametrize("alias", ALIASES)
def test_nothing_else_may_be_absent(alias: str) -> None:
    record, _ = RECORDS[alias]
    tabled = table_of("foshan", alias)
    for name in record.keys() - {"ZZYXQJZRQ", "holders"} - UNREAD.get(alias, set()):
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            tabled.read({key: value for key, value in record.items() if key != name})


@pytest.mark.parametrize("alias", ALIASES)
def test_a_true_record_can_be_recorded(alias: str) -> None:
    true = RECORDS[alias][0]
    assert isinstance(concluded("foshan", alias, true, CityAnswer("0", (true,))), Concluded)  # type: ignore[arg-type]


SPOILT = {alias: replaced(true) for alias, (true, _) in RECORDS.items()}


@settings(max_examples=50 * TIMES)
@given(st.data())
def test_whatever_records_hold_can_be_recorded_and_is_no_fault_of_ours(data: st.DataObject) -> None:
    alias = data.draw(st.sampled_from(ALIASES))
    true = RECORDS[alias][0]
    said = data.draw(st.lists(SPOILT[alias], min_size=1, max_size=3))
    records = tuple(each if isinstance(each, dict) else true for each in said)
    concluded("foshan", alias, true, CityAnswer("0", records))  # type: ignore[arg-type]


@given(st.sampled_from(ALIASES), st.integers(500, 4000))
@settings(max_examples=5)
def test_a_record_said_over_and_over_can_be_recorded(alias: str, times: int) -> None:
    true = RECORDS[alias][0]
    concluded("foshan", alias, true, CityAnswer("0", (true,) * times))  # type: ignore[arg-type]
