"""What may happen to a case, told row by row: `Teller` writes the rows, a story says which ones."""

import random
from collections.abc import Callable
from datetime import datetime, time, timedelta

from wiring.demo.people import Enterprise, Person
from wiring.demo.province import Item

Row = dict[str, str]
Story = Callable[["Teller"], None]
_CHANNELS = ("0", "0", "1", "1", "3", "4")
_STAFF = ("何工", "黎工", "区工", "冼工", "麦工", "植工")


class Teller:
    """Writes the rows of one case; times run backwards from now, in office hours."""

    def __init__(
        self, *, rng: random.Random, item: Item, applicant: Person | Enterprise, now: datetime, order: int
    ) -> None:
        self.rng, self.item, self.applicant, self.now = rng, item, applicant, now
        self.body = f"{item.name[:2]}业务科" if item.type != "01" else "行政审批科"
        self.number = f"{item.code[:6]}{now:%Y}{order + 1:07d}"
        self.rows: list[Row] = []
        self._seq = 0

    def days_ago(self, days: float) -> datetime:
        """An office hour about `days` days ago, on a weekday, never in the future."""
        day = (self.now - timedelta(days=days)).date()
        day -= timedelta(days=max(0, day.weekday() - 4))
        at = datetime.combine(day, time(9 + self.rng.randrange(8), self.rng.randrange(60)), tzinfo=self.now.tzinfo)
        return min(at, self.now - timedelta(minutes=5))

    def row(self, table: str, **fields: str) -> None:
        self.rows.append({"TABLE": table, "SBLSH": self.number, "VERSION": "1", **fields})

    def clerk(self, name: str = "BLRXM", number: str = "BLRGH") -> Row:
        """Staff are told by surname and number (DESIGN 9.5)."""
        which = self.rng.randrange(len(_STAFF))
        return {name: _STAFF[which], number: f"{self.item.department.upper()}-{1100 + which}"}

    def seq(self) -> str:
        self._seq += 1
        return str(self._seq)

    def applied(self, days: float) -> None:
        person = isinstance(self.applicant, Person)
        self.row(
            "SB",
            SBLSH_SHORT=self.number[-11:],
            SXBM=self.item.code,
            SXMC=self.item.name,
            SQRLX="1" if person else "2",
            SQRMC=self.applicant.name,
            SQRZJLX="111" if person else "001",
            SQRZJHM=self.applicant.number,
            SBSJ=_stamp(self.days_ago(days)),
            XZQHDM=self.item.code[2:8],
            WSSBQD=self.rng.choice(_CHANNELS),
        )
        for material in self.item.materials:
            self.row("SBCL", XH=self.seq(), CLMC=material, CLLX="2", SBSJ=_stamp(self.days_ago(days)))

    def pre_checked(self, days: float) -> None:
        self.row("WSYSL", YSLSJ=_stamp(self.days_ago(days)), **self.clerk())

    def asked(self, days: float, *, due_in: int) -> None:
        at = self.days_ago(days)
        missing = self.rng.choice(self.item.materials)
        self.row(
            "BZGZ",
            XH=self.seq(),
            BZGZSJ=_stamp(at),
            BZGZYY=f"《{missing}》不清楚，请重新提交；其他材料不用再交。",
            BZCLQD=missing,
            BZJZRQ=f"{(self.now + timedelta(days=due_in)).date():%Y-%m-%d}",
            **self.clerk("BZGZFCRXM"),
        )

    def received(self, days: float) -> None:
        self.row("BZSL", XH=self.seq(), BZSJ=_stamp(self.days_ago(days)))

    def accepted(self, days: float) -> None:
        self.row(
            "SL",
            SLSJ=_stamp(self.days_ago(days)),
            SLBMMC=self.body,
            **self.clerk(),
            GDBLSX=str(self.item.legal_days),
            GDBLSXDDW="G",
            CNBLSX=str(self.item.promised_days),
            CNBLSXDW="G",
        )

    def step(self, days: float, code: str, opinion: str) -> None:
        self.row(
            "SPCL",
            XH=self.seq(),
            SPHJDM=code,
            SPHJMC={"1": "承办", "2": "审核", "3": "批准"}[code],
            SPBMMC=self.body,
            **self.clerk("SPRXM", "SPRGH"),
            SPYJ=opinion,
            SPSJ=_stamp(self.days_ago(days)),
        )

    def special(self, begun: float, ended: float | None) -> None:
        seq = self.seq()
        self.row(
            "TBCXSQ",
            XH=seq,
            TBCXZL="2",
            TBCXZLMC="卫生检测" if "卫生" in self.item.name else "专家评审",
            TBCXKSRQ=_stamp(self.days_ago(begun)),
            TBCXQDLY="依法需要检测，所需时间不计入办理时限，已书面告知申请人。",
        )
        if ended is not None:
            self.row("TBCXJG", XH=seq, TBCXJSRQ=_stamp(self.days_ago(ended)), TBCXJG="合格")

    def closed(self, days: float, code: str, opinion: str) -> None:
        fields = {"BJSJ": _stamp(self.days_ago(days)), "BJJGDM": code, "BJJGMS": opinion}
        if code == "0" and self.item.result:
            fields["ZJGZMC"] = self.item.result
        self.row("BJ", **fields)

    def collected(self, days: float) -> None:
        self.row("LQDJ", LQSJ=_stamp(self.days_ago(days)), LQFS="1")


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def submitted(t: Teller) -> None:
    t.applied(t.rng.choice((0, 1, 2)))


def pre_checked(t: Teller) -> None:
    t.applied(3)
    t.pre_checked(2)


def supplement_required(t: Teller) -> None:
    t.applied(6)
    t.asked(3, due_in=t.rng.choice((4, 7, 12)))


def supplement_received(t: Teller) -> None:
    t.applied(9)
    t.asked(7, due_in=10)
    t.received(1)


def accepted(t: Teller) -> None:
    t.applied(5)
    t.accepted(3)


def in_review(t: Teller) -> None:
    t.applied(9)
    t.accepted(7)
    t.step(5, "1", "材料齐全，符合法定形式。")
    t.step(2, "2", "正在审查。")


def special(t: Teller) -> None:
    t.applied(16)
    t.accepted(13)
    t.step(11, "1", "需要现场检测。")
    t.special(8, None)


def special_done_in_review(t: Teller) -> None:
    t.applied(17)
    t.asked(15, due_in=5)
    t.received(14)
    t.accepted(13)
    t.step(12, "1", "材料齐全，需要卫生检测。")
    t.special(9, 6)
    t.step(3, "2", "检测合格，正在审查卫生管理制度和布局。")


def overdue(t: Teller) -> None:
    t.applied(40)
    t.accepted(38)
    t.step(30, "1", "材料齐全，符合法定形式。")


def granted(t: Teller) -> None:
    ended = t.rng.choice((2, 5, 12, 30, 90, 200))
    t.applied(ended + 8)
    t.accepted(ended + 6)
    t.step(ended + 3, "2", "符合条件。")
    t.step(ended + 1, "3", "同意。")
    t.closed(ended, "0", "准予")


def collected(t: Teller) -> None:
    granted(t)
    t.collected(1)


def refused(t: Teller) -> None:
    ended = t.rng.choice((3, 20, 60))
    t.applied(ended + 12)
    t.accepted(ended + 10)
    t.step(ended + 2, "2", "不符合条件。")
    t.closed(ended, "7", "经营场所不符合规定的条件，不予许可。")


def ended(code: str, words: str) -> Story:
    def story(t: Teller) -> None:
        ended = t.rng.choice((4, 25, 70))
        t.applied(ended + 6)
        t.accepted(ended + 4)
        t.closed(ended, code, words)

    return story


def lapsed(t: Teller) -> None:
    t.applied(40)
    t.asked(37, due_in=-10)
    t.closed(9, "5", "逾期未补正材料，视为撤回申请。")


def closed_without_acceptance(t: Teller) -> None:
    """A department that never reported the acceptance: the page says so instead of guessing."""
    t.applied(20)
    t.closed(6, "0", "准予")


STORIES: dict[Story, int] = {
    submitted: 6,
    pre_checked: 4,
    supplement_required: 7,
    supplement_received: 4,
    accepted: 10,
    in_review: 14,
    special: 4,
    special_done_in_review: 3,
    overdue: 4,
    granted: 22,
    collected: 8,
    refused: 5,
    ended("2", "申请人提供的信息有误，本件作废。"): 2,
    ended("3", "申请人撤回申请。"): 2,
    ended("4", "已转报上级部门办理。"): 2,
    ended("6", "其他"): 1,
    lapsed: 2,
    closed_without_acceptance: 2,
}
