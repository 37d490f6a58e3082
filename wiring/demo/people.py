"""The people and enterprises of the demo province: well-formed numbers that can belong to nobody.

Division 440199 was never assigned (GB/T 2260), so no person has such a number; the check digits are right (GB 11643,
GB 32100), because what the demo shows is how real numbers are treated.
"""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from kernel.codes import citizen_id, uscc

NOWHERE = "440199"
_SURNAMES = "陈李黄张梁林王吴刘何郑罗杨谢曾邓彭苏钟卢欧潘莫冯叶余蔡许方温"
_GIVEN = (
    "志强", "美玲", "嘉欣", "俊杰", "晓彤", "伟健", "淑芬", "子轩",
    "雅文", "建国", "秀兰", "文博", "思敏", "浩然", "慧仪", "国栋",
    "桂芳", "永康", "婉婷", "家豪", "丽华", "振邦", "凤仪", "启明",
    "诗琪", "锦荣", "月娥", "泽宇", "佩珊", "海涛", "巧玲", "天佑",
    "玉珍", "明辉", "倩怡", "德胜", "雪莹", "宏图", "翠萍", "展鹏",
)  # fmt: skip
_TRADES = (
    "云帆软件", "岭南茶饮", "鹏城餐饮", "珠江口物流", "木棉设计", "海月医疗器械", "禾穗食品", "南粤人力资源",
    "星湖精密制造", "荔湾口腔门诊", "湾畔美发", "新安劳务派遣",
)  # fmt: skip
CITIES = {
    "深圳": "440300",
    "广州": "440100",
    "佛山": "440600",
    "珠海": "440400",
    "东莞": "441900",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    number: str
    gender: str
    born: date
    city: str
    login: str
    phone: str
    email: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    name: str
    number: str
    legal_rep: Person
    city: str
    kind: str
    capital: str
    founded: date
    address: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody. `people[0]` is the one most journeys are shown with."""

    people: tuple[Person, ...]
    enterprises: tuple[Enterprise, ...]
    rng: random.Random = field(repr=False)


def cast(today: date) -> Cast:
    """The same cast for the same day: 64 people, 12 enterprises."""
    rng = random.Random(20150625)  # noqa: S311  # a demo must come out the same each time; nothing here is secret
    people = [
        _person(rng, "陈晓岚", "女", born=date(1988, 6, 12), city="深圳", login="chenxl"),
        _person(rng, "何志强", "男", born=date(1975, 3, 2), city="深圳", login="hezq"),
        _person(rng, "黄桂芳", "女", born=date(1948, 11, 20), city="广州", login="huanggf"),
        _person(rng, "林子谦", "男", born=date(1996, 1, 30), city="深圳", login="linzq"),
        # Characters outside the first plane of GBK, and a name of twenty characters: both are on real identity cards.
        _person(rng, "王䶮", "男", born=date(1990, 2, 14), city="深圳", login="wangyan"),
        _person(rng, "李𬭚", "男", born=date(2001, 9, 9), city="深圳", login="lidi"),
        _person(rng, "阿依努尔·买买提江·阿卜杜热合曼", "女", born=date(1993, 5, 5), city="深圳", login="aynur"),
    ]
    names = {person.name for person in people}
    while len(people) < 64:
        gender = rng.choice("男女")
        name = rng.choice(_SURNAMES) + rng.choice(_GIVEN)
        if name in names:
            continue
        names.add(name)
        born = date(1946, 1, 1) + timedelta(days=rng.randrange(60 * 365))
        city = rng.choices(tuple(CITIES), weights=(10, 3, 2, 1, 1))[0]
        people.append(_person(rng, name, gender, born=born, city=city, login=f"u{len(people):03d}"))
    enterprises = tuple(_enterprise(rng, trade, n, people, today) for n, trade in enumerate(_TRADES))
    return Cast(people=tuple(people), enterprises=enterprises, rng=rng)


def _person(rng: random.Random, name: str, gender: str, *, born: date, city: str, login: str) -> Person:
    order = rng.randrange(1, 499) * 2 + (1 if gender == "男" else 0)
    body = f"{NOWHERE}{born:%Y%m%d}{order:03d}"
    street = rng.choice(("木棉路", "榕荫街", "凤凰大道", "紫荆巷", "荔香路"))
    return Person(
        name=name,
        number=body + citizen_id.check_digit(body),
        gender=gender,
        born=born,
        city=city,
        login=login,
        # 199 0000 xxxx: in no operator's assigned range of the demo's numbers.
        phone=f"1990000{rng.randrange(10000):04d}",
        email=f"{login}@example.invalid",
        address=f"广东省{city}市样例区{street}{rng.randrange(1, 300)}号{rng.randrange(1, 30)}0{rng.randrange(1, 9)}室",
    )


def _enterprise(rng: random.Random, trade: str, n: int, people: list[Person], today: date) -> Enterprise:
    legal_rep = people[1] if n < 2 else people[7 + n]
    city = legal_rep.city
    body = f"91{NOWHERE}MA5K{n:02d}{rng.choice('ABCDEFGH')}{rng.randrange(10)}"
    body += uscc.organisation_check(body[8:])
    return Enterprise(
        name=f"{city}市{trade}有限公司",
        number=body + uscc.check_character(body),
        legal_rep=legal_rep,
        city=city,
        kind="有限责任公司（自然人投资或控股）",
        capital=f"{rng.choice((50, 100, 200, 500, 1000))}万元人民币",
        founded=today - timedelta(days=rng.randrange(400, 5000)),
        address=f"广东省{city}市样例区木棉路{rng.randrange(1, 300)}号",
        scope="依法自主开展经营活动；许可经营项目以批准文件为准",
    )
