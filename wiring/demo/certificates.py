"""Certificates of the demo province: records with the in-file names of e-certificates (pinyin, GB/T 36903 in use)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kernel.codes import certificate_id
from wiring.demo.people import Cast, Enterprise, Person
from wiring.demo.province import Department

Row = dict[str, str]
_LONG = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of certificate: who issues it, its three-digit type number, and how many days it lasts (0: for good)."""

    name: str
    department: str
    type: str
    days: int


KINDS = {
    kind.name: kind
    for kind in (
        Kind(name="居民身份证", department="gat", type="001", days=_LONG),
        Kind(name="居住证", department="gat", type="002", days=365),
        Kind(name="普通护照", department="gat", type="003", days=_LONG),
        Kind(name="社会保障卡", department="szrsj", type="011", days=_LONG),
        Kind(name="劳务派遣经营许可证", department="szrsj", type="012", days=1095),
        Kind(name="营业执照", department="szscjg", type="021", days=0),
        Kind(name="食品经营许可证", department="szscjg", type="022", days=1825),
        Kind(name="公共场所卫生许可证", department="szwjw", type="031", days=1460),
        Kind(name="护士执业证书", department="szwjw", type="032", days=1825),
        Kind(name="结婚证", department="gzmzj", type="041", days=0),
        Kind(name="职业技能等级证书", department="fsrsj", type="051", days=0),
        Kind(name="从业人员健康合格证明", department="sdwjj", type="061", days=365),
        Kind(name="不动产权证书", department="zhzrzy", type="071", days=0),
        Kind(name="机动车驾驶证", department="dgjj", type="081", days=2190),
    )
}


def certificates(cast: Cast, departments: dict[str, Department], today: date) -> Iterator[tuple[str, Row]]:
    """Pairs of department code and record, about 240, some lapsed, some soon to lapse, a few withdrawn."""
    rng = cast.rng
    serial = iter(range(1, 10_000))

    def record(kind: str, holder: Person | Enterprise, left: int, status: str = "01") -> tuple[str, Row]:
        return KINDS[kind].department, _record(
            KINDS[kind], departments, holder, today=today, left=left, serial=next(serial), status=status
        )

    star, boss = cast.people[0], cast.enterprises[0]
    yield record("机动车驾驶证", cast.people[1], 25)
    yield record("从业人员健康合格证明", star, 30)
    yield record("机动车驾驶证", star, 45)
    yield record("居住证", star, 200)
    yield record("结婚证", star, 0)
    yield record("不动产权证书", star, 0)
    yield record("普通护照", star, -40)
    yield record("食品经营许可证", boss, 18)
    yield record("劳务派遣经营许可证", boss, 400, "03")
    for person in cast.people:
        yield record("居民身份证", person, rng.randrange(300, _LONG))
        yield record("社会保障卡", person, rng.randrange(300, _LONG))
    for enterprise in cast.enterprises:
        yield record("营业执照", enterprise, 0)
        yield record(rng.choice(("食品经营许可证", "公共场所卫生许可证")), enterprise, rng.randrange(-60, 900))
    for _number in range(80):
        kind = rng.choice(
            ("居住证", "从业人员健康合格证明", "机动车驾驶证", "护士执业证书", "职业技能等级证书", "普通护照")
        )
        left = rng.choice((5, 12, 25, 58, 90, 180, 300, -3, -30, -200))
        yield record(kind, rng.choice(cast.people[1:]), left, rng.choices(("01", "02", "04"), weights=(30, 1, 1))[0])


def _record(
    kind: Kind,
    departments: dict[str, Department],
    holder: Person | Enterprise,
    *,
    today: date,
    left: int,
    serial: int,
    status: str,
) -> Row:
    issuer = departments[kind.department]
    body = f"{issuer.uscc}{kind.type}.{issuer.uscc}.{today:%Y}{serial:06d}.001"
    person = isinstance(holder, Person)
    until = today + timedelta(days=left) if kind.days else None
    begun = until - timedelta(days=kind.days) if until else today - timedelta(days=700 + serial)
    number = holder.number if kind.name in {"居民身份证", "营业执照"} else f"粤{issuer.division}{kind.type}{serial:05d}"
    return {
        "ZZBS": f"{certificate_id.ROOT}.{body}.{certificate_id.check_character(body)}",
        "ZZMC": kind.name,
        "ZZLXDM": f"{issuer.uscc}{kind.type}",
        "ZZBH": number,
        "ZZBFJG": issuer.name,
        "ZZBFJGDM": issuer.uscc,
        "ZZBFRQ": f"{begun:%Y-%m-%d}",
        "CZZT": holder.name,
        "CZZTDM": holder.number,
        "CZZTDMLXDM": "111" if person else "001",
        "ZZYXQQSRQ": f"{begun:%Y-%m-%d}",
        "ZZYXQJZRQ": f"{until:%Y-%m-%d}" if until else "长期",
        "ZZZT": status,
    }
