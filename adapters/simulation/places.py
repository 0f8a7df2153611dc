"""The two regions as their registers know them: divisions, streets and the names people and companies bear.

Laws: tables only. Every name is put together by chance from these and belongs to nobody.
Standard: GB/T 2260, with the abandoned divisions that still stand on cards.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A city: `divisions` maps the living division codes to their names, `abandoned` are codes only on old cards."""

    name: str
    divisions: dict[str, str]
    abandoned: tuple[str, ...]


REGIONS: dict[str, Region] = {
    "440100": Region(
        name="广州市",
        divisions={
            "440103": "荔湾区",
            "440104": "越秀区",
            "440105": "海珠区",
            "440106": "天河区",
            "440111": "白云区",
            "440112": "黄埔区",
            "440113": "番禺区",
            "440114": "花都区",
            "440115": "南沙区",
            "440117": "从化区",
            "440118": "增城区",
        },
        abandoned=("440102", "440107", "440116", "440121", "440122", "440124", "440181", "440184"),
    ),
    "440600": Region(
        name="佛山市",
        divisions={
            "440604": "禅城区",
            "440605": "南海区",
            "440606": "顺德区",
            "440607": "三水区",
            "440608": "高明区",
        },
        abandoned=("440602", "440603", "440620", "440621", "440622", "440681", "440682", "440683"),
    ),
}

STREETS = (
    "荷塘路",
    "榕荫街",
    "木棉大道",
    "芳草围",
    "潮音街",
    "紫荆路",
    "云桂路",
    "沙湾直街",
    "锦霞路",
    "竹丝巷",
    "望江大街",
)

SURNAMES = (
    *"陈李黄张梁林刘吴罗杨周何邓谢叶郭曾冯卢蔡潘谭王邝苏麦区霍关简招伍岑莫钟",
    "欧阳",
    "司徒",
)
GIVEN = "嘉慧俊颖志明婉仪伟强淑芬国栋丽华建文晓彤子轩雅琪家豪美玲永康静怡锦荣思敏浩然秋月"
RARE_BEYOND_BMP = "𬭎"
RARE = ("㛃", "喆", "堃", "镕", RARE_BEYOND_BMP, "䶮", "昇", "𫖯")
TRADES = ("科技", "贸易", "餐饮管理", "物流", "建筑工程", "医疗器械", "文化传播", "家具", "纺织", "陶瓷")
BRANDS = "粤穗佛岭珠越鸿泰恒安达信联盛宏裕瑞丰启新汇通正和"
