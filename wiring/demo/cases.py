"""Cases of the demo province, told as departments tell them: rows of the EX_GDBS exchange tables.

A case is a story, a list of rows with their own times. Departments send table by table, failed rows first and some
twice, so the rows of one case arrive in any order; `shuffled` does just that.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from wiring.demo import stories
from wiring.demo.people import Cast, Enterprise, Person
from wiring.demo.province import Item
from wiring.demo.stories import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    number: str
    item: Item
    applicant: Person | Enterprise
    rows: tuple[Row, ...]


def cases(cast: Cast, items: Mapping[str, Item], now: datetime, count: int = 408) -> Iterator[Case]:
    """`count` cases in every state; the first person of the cast has one of each of the common ones."""
    rng = cast.rng
    by_name = {item.name: item for item in items.values()}
    starring: list[tuple[str, Person | Enterprise, stories.Story]] = [
        ("公共场所卫生许可（新办）", cast.people[0], stories.special_done_in_review),
        ("租房提取住房公积金", cast.people[0], stories.supplement_required),
        ("食品经营许可（新办）", cast.people[0], stories.accepted),
        ("社会保障卡补领", cast.people[0], stories.collected),
        ("居住证签发", cast.people[0], stories.granted),
        ("食品经营许可（延续）", cast.enterprises[0], stories.in_review),
        ("劳务派遣经营许可", cast.enterprises[0], stories.overdue),
        ("公司变更登记", cast.enterprises[1], stories.granted),
    ]
    for n in range(count):
        if n < len(starring):
            name, applicant, story = starring[n]
            item = by_name[name]
        else:
            item = rng.choice(tuple(items.values()))
            business = "营业执照" in item.materials or item.name.startswith(("公司", "内资"))
            applicants: Sequence[Person | Enterprise] = cast.enterprises if business else cast.people
            applicant = rng.choice(applicants)
            story = rng.choices(tuple(stories.STORIES), weights=tuple(stories.STORIES.values()))[0]
        teller = stories.Teller(rng=rng, item=item, applicant=applicant, now=now, order=n)
        story(teller)
        yield Case(number=teller.number, item=item, applicant=applicant, rows=tuple(teller.rows))


def shuffled(rng: random.Random, rows: list[Row]) -> list[Row]:
    """Table by table, newest first, one in twenty sent again: out of order and repeated, as it comes in."""
    again = rng.sample(rows, len(rows) // 20)
    order = ("BJ", "SPCL", "BZGZ", "SL", "TBCXJG", "LQDJ", "BZSL", "SBCL", "TBCXSQ", "WSYSL", "SB")
    mixed = rows + [dict(row) for row in again]
    rng.shuffle(mixed)
    return sorted(mixed, key=lambda row: order.index(row["TABLE"]) if row["TABLE"] in order else len(order))
