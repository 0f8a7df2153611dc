"""Guangzhou's tables: whole, and true to records written by hand after the interface page."""

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
E_LICENCE = {
    "issue_org_name": "广州市某局",
    "issue_org_code": "11440115M10001015C",
    "issue_date": "2016-06-21 00:00:00",
    "begin_date": "2015-07-30 00:00:00",
    "expiry_date": "2035-07-29 23:59:59",
    "license_status": "SUSPENDED",
}
COMMON = {
    "issuer": "广州市某局",
    "issuer_code": "11440115M10001015C",
    "issued_on": "2016-06-21",
    "valid_from": "2015-07-30",
    "valid_to": "2035-07-29",
    "status": ("SUSPENDED", "SUSPENDED"),
}
RECORDS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "social-insurance-proof": (
        {
            "aac003": "何㛃",
            "aac002": "440604189002140210",
            "aab004": "广州市通盛陶瓷有限公司",
            "bab010": "91440114M90001866U",
            "aac031": "2",
            "aac049": "202301",
            "aae201": 24,
            "aab300": "广州市社会保险基金管理中心",
            "aae036": "20250621",
            "bae007": "GZSB7643462568351267",
            "list": [{"aae003": "202412", "aae140": "410", "aac040": "12307.5", "aae022": "0.00", "aae020": "24.61"}],
        },
        {
            "number": "GZSB7643462568351267",
            "issuer": "广州市社会保险基金管理中心",
            "issued_on": "2025-06-21",
            "holders": [PERSON],
            "employer": "广州市通盛陶瓷有限公司",
            "employer_code": "91440114M90001866U",
            "insured_status": ("SUSPENDED", "2"),
            "insured_since": "2023-01",
            "months_paid": 24,
            "contributions": [
                {
                    "month": "2024-12",
                    "insurance": ("WORK_INJURY", "410"),
                    "base": "12307.50",
                    "personal_amount": "0.00",
                    "employer_amount": "24.61",
                }
            ],
        },
    ),
    "housing-record": (
        {
            "ZMBH": "GZGSB09095340956793",
            "CXSJ": "20250623093015",
            "CJJG": "广州市不动产登记中心",
            "QLRMC": "何㛃",
            "QLRZJZL": "1",
            "QLRZJH": "440604189002140210",
            "FWXX": [
                {
                    "BDCQZH": "粤1",
                    "ZL": "广州市某路",
                    "FWMJ": "105.30",
                    "GHYT": "商住两用",
                    "GYQK": "按份共有",
                    "GYFE": "1/3",
                    "DJSJ": "2016-04-11",
                },
                {
                    "BDCQZH": "粤2",
                    "ZL": "广州市某街",
                    "FWMJ": "60.00",
                    "GHYT": "别墅",
                    "GYQK": "单独所有",
                    "GYFE": "",
                    "DJSJ": "20210228",
                },
            ],
        },
        {
            "number": "GZGSB09095340956793",
            "issuer": "广州市不动产登记中心",
            "issued_on": "2025-06-23",
            "holders": [PERSON],
            "homes": [
                {
                    "title_number": "粤1",
                    "location": "广州市某路",
                    "floor_area": "105.30",
                    "planned_use": ("OTHER", "商住两用"),
                    "ownership": ("BY_SHARES", "按份共有"),
                    "share": "1/3",
                    "registered_on": "2016-04-11",
                },
                {
                    "title_number": "粤2",
                    "location": "广州市某街",
                    "floor_area": "60.00",
                    "planned_use": ("VILLA", "别墅"),
                    "ownership": ("SOLE", "单独所有"),
                    "registered_on": "2021-02-28",
                },
            ],
        },
    ),
    "medical-insurance-statement": (
        {
            "psn_name": "何㛃",
            "certno": "440604189002140210",
            "insutype": "39",
            "psn_insu_stas": "P",
            "insu_admdvs_name": "广州市荔湾区",
            "acct_balc": "17.5",
            "trns_sum": "145.40",
            "jbjg": "广州市医疗保障局",
            "prt_date": "2025-06-02",
            "doc_no": "GZYB1",
            "trns_list": [
                {
                    "ym": "202401",
                    "emp_name": "某公司",
                    "clct_base": 6610,
                    "psn_amt": "132.20",
                    "emp_amt": "13.20",
                    "amt": "145.40",
                    "acct_date": "20240206",
                }
            ],
        },
        {
            "number": "GZYB1",
            "issuer": "广州市医疗保障局",
            "issued_on": "2025-06-02",
            "holders": [PERSON],
            "insured_place": "广州市荔湾区",
            "scheme": ("RESIDENT", "39"),
            "insured_status": ("SUSPENDED", "P"),
            "balance": "17.50",
            "total_allocated": "145.40",
            "allocations": [
                {
                    "month": "2024-01",
                    "employer": "某公司",
                    "base": "6610.00",
                    "personal_amount": "132.20",
                    "employer_amount": "13.20",
                    "amount": "145.40",
                    "credited_on": "2024-02-06",
                }
            ],
        },
    ),
    "provident-fund-statement": (
        {
            "xm": "何㛃",
            "zjhm": "440604189002140210",
            "grzh": "00000000001",
            "dwmc": "某公司",
            "dwxydm": "91440114M90001866U",
            "grzhzt": "02",
            "khrq": "20190301",
            "grzhye": "1234.5",
            "grjcjs": 6610,
            "grjcbl": "7.5",
            "dwjcbl": 12,
            "zxmc": "广州住房公积金管理中心",
            "kjrq": "2025-06-02",
            "zmbh": "GZGJJ1",
            "jcmx": [{"jcny": "202401", "grjce": "496.00", "dwjce": "794.00", "hjje": "1290.00", "dzrq": "20240111"}],
        },
        {
            "number": "GZGJJ1",
            "issuer": "广州住房公积金管理中心",
            "issued_on": "2025-06-02",
            "holders": [PERSON],
            "account_number": "00000000001",
            "employer": "某公司",
            "employer_code": "91440114M90001866U",
            "account_status": ("SEALED", "02"),
            "opened_on": "2019-03-01",
            "balance": "1234.50",
            "base": "6610.00",
            "personal_rate": "7.5",
            "employer_rate": "12",
            "deposits": [
                {
                    "month": "2024-01",
                    "personal_amount": "496.00",
                    "employer_amount": "794.00",
                    "amount": "1290.00",
                    "credited_on": "2024-01-11",
                }
            ],
        },
    ),
    "traffic-fine-record": (
        {
            "xm": "何㛃",
            "sfzmhm": "440604189002140210",
            "jszzt": "R",
            "ljjf": 9,
            "wjkhj": 200,
            "fzjg": "广州市公安局交通警察支队",
            "cjsj": "20250602093000",
            "zmbh": "GZJT1",
            "wflb": [
                {
                    "jdsbh": "1",
                    "wfsj": "2024-01-31 23:59:59",
                    "wfdz": "某路",
                    "wfnr": "违反信号灯",
                    "hphm": "粤A00001",
                    "fkje": 200,
                    "wfjfs": 6,
                    "jkbj": "0",
                }
            ],
        },
        {
            "number": "GZJT1",
            "issuer": "广州市公安局交通警察支队",
            "issued_on": "2025-06-02",
            "holders": [PERSON],
            "licence_status": ("EXPIRED", "R"),
            "demerit_points": 9,
            "unpaid_total": "200.00",
            "fines": [
                {
                    "decision_number": "1",
                    "violated_on": "2024-01-31",
                    "place": "某路",
                    "offence": "违反信号灯",
                    "plate_number": "粤A00001",
                    "amount": "200.00",
                    "points": 6,
                    "payment": ("UNPAID", "0"),
                }
            ],
        },
    ),
    "tax-payment-proof": (
        {
            "nsrmc": "某公司",
            "nsrsbh": "91440114M90001866U",
            "nsrlx": "2",
            "hjje": "12.30",
            "swjg": "某局",
            "tfrq": "2025年06月02日",
            "pzhm": "No.44",
            "mxlb": [
                {
                    "yspzh": "344",
                    "zsxm": "10109",
                    "skssqq": "2024-02-01",
                    "skssqz": "2024-02-29",
                    "sjje": "12.30",
                    "rkrq": "20240305",
                }
            ],
        },
        {
            "number": "No.44",
            "issuer": "某局",
            "issued_on": "2025-06-02",
            "holders": [COMPANY],
            "total_paid": "12.30",
            "payments": [
                {
                    "voucher_number": "344",
                    "tax": ("CITY_MAINTENANCE_TAX", "10109"),
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
            "fphm": "24440000000000000001",
            "fplx": "85",
            "kprq": "20240229",
            "fpzt": "7",
            "xsfmc": "某公司",
            "xsfsbh": "91440114M90001866U",
            "gmfmc": "何㛃",
            "gmfsbh": None,
            "hjje": "100.00",
            "hjse": "0.00",
            "jshj": "100.00",
            "cyjg": "某局",
            "cysj": "2025-06-02 09:30:00",
            "cyxh": "GZCY1",
            "hwmx": [{"hwmc": "鲜菜", "dw": "公斤", "sl": "2.5", "dj": "40.00", "je": "100.00", "slv": None, "se": "0.00"}],
        },
        {
            "number": "GZCY1",
            "issuer": "某局",
            "issued_on": "2025-06-02",
            "holders": [COMPANY],
            "invoice_number": "24440000000000000001",
            "invoice_kind": ("PAPER_SPECIAL", "85"),
            "invoiced_on": "2024-02-29",
            "invoice_status": ("PARTLY_OFFSET", "7"),
            "buyer": "何㛃",
            "amount": "100.00",
            "tax": "0.00",
            "total": "100.00",
            "items": [
                {
                    "description": "鲜菜",
                    "unit": "公斤",
                    "quantity": "2.5",
                    "unit_price": "40.00",
                    "amount": "100.00",
                    "tax": "0.00",
                }
            ],
        },
    ),
    "vehicle-tax-record": (
        {
            "nsrmc": "何㛃",
            "zjhm": "440604189002140210",
            "zjlx": "201",
            "ljse": "492.36",
            "kjjg": "某局",
            "dysj": "20250602093000",
            "pzbh": "GZCC1",
            "jnmx": [
                {
                    "hphm": "粤A00001",
                    "cllx": "3",
                    "sknd": 2024,
                    "se": 480,
                    "znj": "12.36",
                    "jkrq": "2024-02-29",
                    "dsjg": "某保险公司",
                }
            ],
        },
        {
            "number": "GZCC1",
            "issuer": "某局",
            "issued_on": "2025-06-02",
            "holders": [PERSON],
            "total_paid": "492.36",
            "payments": [
                {
                    "plate_number": "粤A00001",
                    "vehicle_category": ("TRUCK", "3"),
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
            "xm": "何㛃",
            "zjhm": "440604189002140210",
            "yjsehj": 723678,
            "kjjg": "国家税务总局广州市税务局",
            "kjrq": "20250628",
            "pzbh": "444935873030354493",
            "mxlb": [{"sksq": "2023-01", "sdxm": "0802", "kjywrmc": "某公司", "sre": 2707693, "yjse": 5, "zgswjg": "某局"}],
        },
        {
            "number": "444935873030354493",
            "issuer": "国家税务总局广州市税务局",
            "issued_on": "2025-06-28",
            "holders": [PERSON],
            "total_tax": "7236.78",
            "payments": [
                {
                    "period": "2023-01",
                    "income_item": ("INTEREST_DIVIDENDS", "0802"),
                    "withholding_agent": "某公司",
                    "income": "27076.93",
                    "tax": "0.05",
                    "tax_authority": "某局",
                }
            ],
        },
    ),
    "business-licence": (
        {
            **E_LICENCE,
            "id_code": "91440115M900000036",
            "holder_name": "广州市丰粤文化传播有限公司",
            "holder_identity_type": "31",
            "holder_identity_num": "91440115M900000036",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "LXDM": "1130",
                "FDDBR": "何㛃",
                "ZCZB": "500.25",
                "CLRQ": "2015年07月30日",
                "ZS": "广州市某路",
                "JYFW": '食品"零食"销售',
            },
        },
        {
            **COMMON,
            "identifier": "1.2.156.3005.2",
            "number": "91440115M900000036",
            "holders": [("广州市丰粤文化传播有限公司", "001", "91440115M900000036", "")],
            "enterprise_type": ("LIMITED_LIABILITY", "1130"),
            "legal_representative": "何㛃",
            "registered_capital": "5002500.00",
            "established_on": "2015-07-30",
            "address": "广州市某路",
            "business_scope": '食品"零食"销售',
        },
    ),
    "driving-licence": (
        {
            **E_LICENCE,
            "id_code": "440100152564",
            "holder_name": "何㛃",
            "holder_identity_type": "10",
            "holder_identity_num": "440604189002140210",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "SFZMHM": "440604189002140210",
                "XB": "2",
                "GJ": "156",
                "ZZ": "广州市某街",
                "CSRQ": "1890-02-14",
                "CCLZRQ": "2009-11-09",
                "ZJCX": "A2D",
                "DABH": "440100152564",
                "LJJF": 0,
            },
        },
        {
            **COMMON,
            "identifier": "1.2.156.3005.2",
            "number": "440604189002140210",
            "holders": [PERSON],
            "sex": ("FEMALE", "2"),
            "nationality": "156",
            "address": "广州市某街",
            "born_on": "1890-02-14",
            "first_issued_on": "2009-11-09",
            "vehicle_class": "A2D",
            "file_number": "440100152564",
            "demerit_points": 0,
        },
    ),
    "real-estate-title": (
        {
            **E_LICENCE,
            "id_code": "N1",
            "holders": [
                {
                    "holder_name": "何㛃",
                    "holder_identity_type": "10",
                    "holder_identity_num": "440604189002140210",
                    "GYFE": "2/3",
                },
                {
                    "holder_name": "梁秋月",
                    "holder_identity_type": "10",
                    "holder_identity_num": "440605189103051221",
                    "GYFE": "1/3",
                },
            ],
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "BDCDYH": "440100",
                "ZL": "某路",
                "QLLX": "房屋所有权",
                "QLXZ": "105",
                "GHYT": "21",
                "GYFS": "2",
                "JZMJ": "105.31",
                "SYQJSSJ": "2078-02-28",
                "DJSJ": "20190312",
                "FJ": "抵押",
            },
        },
        {
            **{name: COMMON[name] for name in ("issuer", "issuer_code", "issued_on", "status")},
            "identifier": "1.2.156.3005.2",
            "number": "N1",
            "holders": [PERSON, ("梁秋月", "111", "440605189103051221", "")],
            "unit_number": "440100",
            "location": "某路",
            "right_type": "房屋所有权",
            "right_nature": ("REFORM_HOUSING", "105"),
            "planned_use": ("COMMERCIAL", "21"),
            "ownership": ("BY_SHARES", "2"),
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
            "id_code": "N1",
            "holder_name": "某公司",
            "holder_identity_type": "31",
            "holder_identity_num": "91440114M90001866U",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "HPHM": "粤A00001",
                "CLLX": "H31",
                "ZZ": "某路",
                "SYXZ": "F",
                "PPXH": "某牌",
                "CLSBDH": "LSYN1",
                "FDJH": "E1",
                "ZCRQ": "2019-03-12",
                "HDZK": 3,
                "ZZL": 4395,
                "JYYXQZ": "2026年02月",
            },
        },
        {
            **{name: COMMON[name] for name in ("issuer", "issuer_code", "issued_on", "status")},
            "identifier": "1.2.156.3005.2",
            "number": "N1",
            "holders": [COMPANY],
            "plate_number": "粤A00001",
            "vehicle_type": ("LIGHT_TRUCK", "H31"),
            "address": "某路",
            "use": ("FREIGHT", "F"),
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
            "id_code": "N1",
            "holder_name": "何㛃",
            "holder_identity_type": "10",
            "holder_identity_num": "440604189002140210",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "XSEXB": "2",
                "CSSJ": "1890-02-14 23:59",
                "CSD": "某市",
                "CSYZ": 39,
                "CSTZ": 3200,
                "CSSC": 50,
                "MQXM": "梁秋月",
                "MQZJHM": "440605186103051221",
                "FQXM": "何志",
                "FQZJHM": "440604186002140210",
            },
        },
        {
            **{name: COMMON[name] for name in ("issuer", "issuer_code", "issued_on", "status")},
            "identifier": "1.2.156.3005.2",
            "number": "N1",
            "holders": [PERSON],
            "sex": ("FEMALE", "2"),
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
            "id_code": "N1",
            "holder_name": "某公司",
            "holder_identity_type": "31",
            "holder_identity_num": "91440114M90001866U",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "FDDBR": "何㛃",
                "ZS": "某路",
                "JYCS": "某街",
                "ZTYT": "3",
                "JYXM": "热食",
                "RCJGJG": "监管所",
            },
        },
        {
            **COMMON,
            "identifier": "1.2.156.3005.2",
            "number": "N1",
            "holders": [COMPANY],
            "legal_representative": "何㛃",
            "address": "某路",
            "premises": "某街",
            "business_form": ("CANTEEN", "3"),
            "business_items": "热食",
            "supervised_by": "监管所",
        },
    ),
    "school-operating-licence": (
        {
            **E_LICENCE,
            "id_code": "N1",
            "holder_name": "某公司",
            "holder_identity_type": "31",
            "holder_identity_num": "91440114M90001866U",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "XZXM": "何㛃",
                "JBZMC": "某集团",
                "XXLX": "900",
                "YLXZ": "2",
                "BXNR": "培训",
                "XXDZ": "某路",
                "ZGBM": "教育局",
            },
        },
        {
            **COMMON,
            "identifier": "1.2.156.3005.2",
            "number": "N1",
            "holders": [COMPANY],
            "principal": "何㛃",
            "organiser": "某集团",
            "school_type": ("TRAINING", "900"),
            "profit": ("FOR_PROFIT", "2"),
            "teaching": "培训",
            "address": "某路",
            "supervised_by": "教育局",
        },
    ),
    "disability-certificate": (
        {
            **E_LICENCE,
            "id_code": "N1",
            "holder_name": "何㛃",
            "holder_identity_type": "10",
            "holder_identity_num": "440604189002140210",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "XB": "2",
                "CSRQ": "1890-02-14",
                "CJLB": "4",
                "CJDJ": "3",
                "JTZZ": "某路",
                "JHR": "何志",
            },
        },
        {
            **COMMON,
            "identifier": "1.2.156.3005.2",
            "number": "N1",
            "holders": [PERSON],
            "sex": ("FEMALE", "2"),
            "born_on": "1890-02-14",
            "category": ("PHYSICAL", "4"),
            "grade": ("GRADE_3", "3"),
            "address": "某路",
            "guardian": "何志",
        },
    ),
    "marriage-certificate": (
        {
            **E_LICENCE,
            "id_code": "J440105-2015-513563",
            "data_fields": {
                "ZZBS": "1.2.156.3005.2",
                "NFXM": "何㛃",
                "NFZJHM": "440604189002140210",
                "NFXB": "1",
                "VFXM": "梁秋月",
                "VFZJHM": "440605189103051221",
                "VFXB": "2",
                "BZ": "补发",
            },
        },
        {
            **{name: COMMON[name] for name in ("issuer", "issuer_code", "issued_on", "status")},
            "identifier": "1.2.156.3005.2",
            "number": "J440105-2015-513563",
            "holders": [("何㛃", "111", "440604189002140210", "MALE"), ("梁秋月", "111", "440605189103051221", "FEMALE")],
            "remark": "补发",
        },
    ),
}


@pytest.mark.parametrize("alias", ALIASES)
def test_every_field_is_mapped_or_withheld_and_every_rule_fits(alias: str) -> None:
    found = table_of("guangzhou", alias)
    assert found.problems == ()
    assert (found.coverage.missing, found.coverage.unasked, found.spec.region) == ((), (), "440100")
    assert found.spec.system in CONNECTORS
    assert found.spec.operation in OPERATIONS[found.spec.system]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_record_in_canonical_words(alias: str) -> None:
    record, canonical = RECORDS[alias]
    assert table_of("guangzhou", alias).read(record) == canonical


def test_what_may_be_absent() -> None:
    record, canonical = RECORDS["business-licence"]
    read = table_of("guangzhou", "business-licence").read({**record, "expiry_date": ""})
    assert canonical.keys() - read.keys() == {"valid_to"}
    record, canonical = RECORDS["marriage-certificate"]
    face = dict(record["data_fields"], BZ=None)  # type: ignore[call-overload]
    assert canonical.keys() - table_of("guangzhou", "marriage-certificate").read({**record, "data_fields": face}).keys() == {
        "remark"
    }


NO_TERM = {"begin_date"}
# Without holders a record is read, and then it is about nobody: translation refuses that.
UNREAD = {
    "invoice-check": {"gmfsbh"},
    "driving-licence": {"id_code"},
    "marriage-certificate": NO_TERM,
    "vehicle-licence": NO_TERM,
    "birth-certificate": NO_TERM,
    "real-estate-title": NO_TERM,
}


@pytest.mark.parametrize("alias", ALIASES)
def test_nothing_else_may_be_absent(alias: str) -> None:
    record, _ = RECORDS[alias]
    tabled = table_of("guangzhou", alias)
    for name in record.keys() - {"expiry_date"} - UNREAD.get(alias, set()):
        with pytest.raises(Refusal, match="CITY_ANSWER_INVALID"):
            tabled.read({key: value for key, value in record.items() if key != name})


@pytest.mark.parametrize("alias", ALIASES)
def test_a_true_record_can_be_recorded(alias: str) -> None:
    true = RECORDS[alias][0]
    assert isinstance(concluded("guangzhou", alias, true, CityAnswer("0", (true,))), Concluded)  # type: ignore[arg-type]


SPOILT = {alias: replaced(true) for alias, (true, _) in RECORDS.items()}


@settings(max_examples=50 * TIMES)
@given(st.data())
def test_whatever_records_hold_can_be_recorded_and_is_no_fault_of_ours(data: st.DataObject) -> None:
    alias = data.draw(st.sampled_from(ALIASES))
    true = RECORDS[alias][0]
    said = data.draw(st.lists(SPOILT[alias], min_size=1, max_size=3))
    records = tuple(each if isinstance(each, dict) else true for each in said)
    concluded("guangzhou", alias, true, CityAnswer("0", records))  # type: ignore[arg-type]


@given(st.sampled_from(ALIASES), st.integers(500, 4000))
@settings(max_examples=5)
def test_a_record_said_over_and_over_can_be_recorded(alias: str, times: int) -> None:
    true = RECORDS[alias][0]
    concluded("guangzhou", alias, true, CityAnswer("0", (true,) * times))  # type: ignore[arg-type]
