"""首页: what to do and by when, what is under way, what lapses next, who looked. Eight reads, whatever the data."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask_babel import gettext
from markupsafe import Markup

from kernel import clock
from kernel.format import day, weekday
from kernel.i18n import counted
from profiles import panels, wording
from profiles.access import Look
from profiles.access_log import access_of
from profiles.cases.calendar import Calendar, calendar
from profiles.cases.read import CaseCounts, CaseLine
from profiles.cases.states import Bucket, State, Turn
from profiles.certificates.read import CertificateCounts, CertificateLine
from profiles.materials.receipts import ReleaseLine, releases_of
from profiles.panels import MessageLine
from profiles.person.rows import (
    CaseRow,
    CertificateFace,
    LookRow,
    case_row,
    certificate_face,
    look_row,
    supplement_days,
)
from profiles.subject import Subject
from profiles.wording import Tag

_: Callable[..., str] = gettext

MOST_TODOS: Final = 5
MOST_ELDER: Final = 2
MOST_CASES: Final = 3
RECENTLY: Final = timedelta(days=7)
"""How long a finished case stays on the overview."""
WITHIN_DAYS: Final = 365
"""What ends later than this is not about to lapse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """Title (verb and object), one sentence with date and consequence, one button."""

    title: str
    text: str
    href: str
    action: str
    day: date | None
    kind: str
    """`''`, `warn` or `bad`: the colour of the calendar leaf."""
    icon: str = "bell"
    harm: int = 0
    """Orders what falls on one day: the greater first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    greeting: str
    sentence: Markup
    level: str
    todos: tuple[Todo, ...]
    """At most five; the elder page shows the first two."""
    todo_count: int
    cases: tuple[CaseRow, ...]
    case_counts: CaseCounts
    expiring: tuple[tuple[CertificateFace, Tag], ...]
    """The next three to lapse, each with the days that are left."""
    certificate_counts: CertificateCounts
    releases: tuple[ReleaseLine, ...]
    looks: tuple[LookRow, ...]
    messages: Sequence[MessageLine] | None
    """None where nobody brings messages."""

    @property
    def is_new(self) -> bool:
        """Nothing has been reported yet."""
        return not (self.case_counts.total or self.certificate_counts.total)


def overview(subject: Subject, look: Look) -> Overview:
    days = calendar(look.db)
    waiting = look.cases(bucket=Bucket.TODO, limit=MOST_TODOS, by_due=True).items
    running = look.cases(limit=MOST_CASES, by_due=True).items
    closed = look.cases(bucket=Bucket.CLOSED, limit=10).items
    ending = look.certificates(status="current", limit=MOST_TODOS).items
    case_counts, certificate_counts = look.case_counts(), look.certificate_counts()
    todos = sorted(
        (*_supplements(subject, waiting, days), *_pick_ups(subject, closed), *_lapses(subject, ending)),
        key=lambda todo: (todo.day or date.max, -todo.harm),
    )
    count = case_counts.todo + certificate_counts.expiring + sum(1 for _one in _pick_ups(subject, closed))
    port = None if subject.is_org else panels.messages()
    return Overview(
        greeting=_greeting(subject.viewer.name or subject.viewer.login),
        sentence=_sentence(count, todos[0].day if todos else None),
        level=_level(subject.viewer.level),
        todos=tuple(todos[:MOST_TODOS]),
        todo_count=count,
        cases=tuple(case_row(subject, line, days) for line in _shown(running, closed)),
        case_counts=case_counts,
        expiring=tuple(_ending(subject, ending)),
        certificate_counts=certificate_counts,
        releases=releases_of(look.db, subject.party_key, limit=4).items if not subject.is_org else (),
        looks=tuple(
            look_row(subject, line, brief=True) for line in access_of(look.db, subject.party_key, limit=3).items
        ),
        messages=port.latest(look.db, subject.viewer.account_id, 3) if port else None,
    )


def _shown(running: Sequence[CaseLine], closed: Sequence[CaseLine]) -> Iterator[CaseLine]:
    """Open ones, nearest limit first; in the room that is left, those that ended this week."""
    yield from running
    recent = [line for line in closed if line.closed_at and line.closed_at > clock.now() - RECENTLY]
    yield from recent[: MOST_CASES - len(running)]


def _ending(subject: Subject, lines: Sequence[CertificateLine]) -> Iterator[tuple[CertificateFace, Tag]]:
    for line in lines[:3]:
        if line.days_left is not None and 0 <= line.days_left <= WITHIN_DAYS:
            yield certificate_face(subject, line), wording.certificate_days(line)


def _supplements(subject: Subject, lines: Sequence[CaseLine], days: Calendar) -> Iterator[Todo]:
    for line in lines:
        left = supplement_days(line, days)
        yield Todo(
            title=_("补交“%(case)s”的材料", case=line.title),
            text=_supplement_text(line.supplement_due, left),
            href=subject.url("case", case_id=line.id),
            action=_("去补正"),
            day=line.supplement_due,
            kind="bad" if left is None or left <= 5 else "warn",
            icon="up-tray",
            harm=3,
        )


def _supplement_text(due: date | None, left: int | None) -> str:
    if due is None or left is None:
        return _("部门等您补交材料，收到后继续办理。")
    if left < 0:
        return _("补正期%(day)s已经过了，请尽快联系部门。", day=day(due))
    return _("%(day)s前补交，还剩%(n)s个工作日。逾期本次申请终止，可以重新申请。", day=day(due), n=left)


def _pick_ups(subject: Subject, lines: Sequence[CaseLine]) -> Iterator[Todo]:
    for line in lines:
        if line.state is State.GRANTED and line.turn is Turn.APPLICANT:
            yield Todo(
                title=_("领取“%(case)s”的结果", case=line.title),
                text=_("%(department)s已经办好，请带身份证件去领取。", department=line.department),
                href=subject.url("case", case_id=line.id),
                action=_("看办件"),
                day=None,
                kind="",
                icon="box",
                harm=1,
            )


def _lapses(subject: Subject, lines: Sequence[CertificateLine]) -> Iterator[Todo]:
    for line in lines:
        soon = wording.certificate_soon(line)
        if soon is None or line.valid_to is None:
            continue
        left = line.days_left
        yield Todo(
            title=counted("%(name)s还有%(n)s天到期", left) % {"name": line.name, "n": left}
            if left
            else _("%(name)s今天到期", name=line.name),
            text=_(
                "需要继续使用的，请在%(day)s前向%(issuer)s申请延续或换证。", day=day(line.valid_to), issuer=line.issuer
            ),
            href=subject.url("certificate", certificate_id=line.id),
            action=_("看证照"),
            day=line.valid_to,
            kind=soon[1],
            icon="card",
            harm=2,
        )


def _greeting(name: str) -> str:
    hour = clock.local(clock.now()).hour
    if hour < 5 or hour >= 18:
        return _("%(name)s，晚上好", name=name)
    return _("%(name)s，上午好", name=name) if hour < 12 else _("%(name)s，下午好", name=name)


def _sentence(count: int, nearest: date | None) -> Markup:
    today = clock.today()
    when = {"today": day(today), "weekday": weekday(today, long=True)}
    if not count:
        return wording.filled(_("今天是%(today)s，%(weekday)s。今天没有要办的事。"), **when)
    things = Markup("<strong>{}</strong>").format(_("%(n)s件事待处理", n=count))
    if nearest is None:
        return wording.filled(_("今天是%(today)s，%(weekday)s。您有%(things)s。"), things=things, **when)
    date_ = Markup("<strong>{}</strong>").format(day(nearest))
    return wording.filled(
        _("今天是%(today)s，%(weekday)s。您有%(things)s，最近的期限是%(date)s。"), things=things, date=date_, **when
    )


def _level(level: int) -> str:
    return {
        2: _("账户可信等级二级，信息自填"),
        3: _("账户可信等级三级，姓名和号码比对一致"),
        4: _("账户可信等级四级，已实名实人核验"),
        5: _("账户可信等级五级，数字证书或窗口核验"),
    }.get(level, "")
