"""我的办件: the list with its chips and search, and one case with its clock and timeline."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext

from kernel.errors import NotFound
from kernel.format import day, iso, moment
from kernel.i18n import counted
from profiles import wording
from profiles.access import Look
from profiles.cases.calendar import calendar
from profiles.cases.read import CaseDetail, CaseLine, ResultCertificate
from profiles.cases.ruler import Ruler
from profiles.cases.states import Bucket, State
from profiles.cases.steps import Material, Step
from profiles.cases.words import finding_word, turn_word
from profiles.person.rows import CaseRow, case_row, printed_at, supplement_days
from profiles.subject import Subject
from profiles.wording import Tag

_: Callable[..., str] = gettext

PAGE: Final = 20
LONGEST_SEARCH: Final = 60
_ICONS: Final = {
    "SB": "check",
    "WSYSL": "check",
    "SL": "check",
    "SPCL": "clock",
    "BZGZ": "chat",
    "BZSL": "up-tray",
    "TBCXSQ": "pause",
    "TBCXJG": "check",
    "BJ": "stamp",
    "LQDJ": "box",
}

Chip = tuple[str, str, int, bool]
"""Words, address, count, whether it is the one in force: as ``ui.chips`` takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    chips: tuple[Chip, ...]
    rows: tuple[CaseRow, ...]
    status: str
    search: str
    total: int
    newer: str
    older: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step in the names of ``ui.step``."""

    state: str
    icon: str
    title: str
    when: str
    iso: str
    note: tuple[str, str] | None
    text: str
    materials: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One of the large facts of the limit card."""

    label: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    line: CaseLine
    tag: Tag
    on_time: Tag | None
    turn: str
    sentence: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    """What the clock has to explain: an assumed acceptance, why it was extended, a provisional calendar."""
    supplement: str
    supplement_materials: str
    reason: str
    steps: tuple[StepRow, ...]
    materials: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]
    phone: str
    item: tuple[tuple[str, str], ...]
    results: tuple[tuple[str, str], ...]
    """(name, address); the address is empty where the certificate itself has not been reported."""
    findings: tuple[str, ...]
    reported: str
    calendar_file: str
    printed: str


def case_list(subject: Subject, look: Look, *, status: str, search: str, after: str | None) -> CaseList:
    """``status`` is a bucket or empty for all; whatever else is asked for is all."""
    bucket = Bucket(status) if status in {one.value for one in Bucket} else None
    search = search.strip()[:LONGEST_SEARCH]
    counts = look.case_counts()
    page = look.cases(bucket=bucket, search=search, after=after or None, limit=PAGE)
    days = calendar(look.db)

    def address(**changes: str | None) -> str:
        kept: dict[str, str | None] = {"status": bucket.value if bucket else None, "q": search or None}
        return subject.url("cases", **(kept | changes))

    names = (
        (None, _("全部"), counts.total),
        (Bucket.TODO, _("待您处理"), counts.todo),
        (Bucket.OPEN, _("办理中"), counts.open),
        (Bucket.CLOSED, _("已办结"), counts.closed),
    )
    return CaseList(
        chips=tuple((text, address(status=one.value if one else None), n, one is bucket) for one, text, n in names),
        rows=tuple(case_row(subject, line, days) for line in page.items),
        status=bucket.value if bucket else "",
        search=search,
        total=counts.total,
        newer=address() if after else "",
        older=address(after=page.next) if page.next else "",
    )


def case_page(subject: Subject, look: Look, case_id: str) -> CasePage:
    """:raises NotFound: for a case that is not the subject's."""
    found = look.case(case_id)
    if found is None:
        raise NotFound(detail="not a case of this party")
    line, ruler = found.line, found.line.ruler
    left = supplement_days(line, calendar(look.db))
    waiting = line.bucket is Bucket.TODO
    asked = next((step for step in found.steps if step.kind == "BZGZ"), None) if waiting else None
    return CasePage(
        line=line,
        tag=wording.case_tag(line),
        on_time=wording.on_time_tag(ruler),
        turn=str(turn_word(line.turn)),
        sentence=_sentence(line),
        figures=tuple(_figures(line)),
        notes=tuple(_notes(line)),
        supplement=_supplement(line, left) if waiting else "",
        supplement_materials=_("、").join(asked.materials) if asked else "",
        # What was granted needs no reason, and departments write "granted" into that column too.
        reason="" if line.state in {State.GRANTED, State.COLLECTED} else found.reason or "",
        steps=tuple(_step(step) for step in found.steps),
        materials=tuple((material.name, _material(material)) for material in found.materials),
        people=tuple(_people(found)),
        phone=found.phone or "",
        item=tuple(_item(found)),
        results=tuple((one.name, _result_url(subject, one)) for one in found.result_certificates),
        findings=tuple(finding_word(code) for code in line.findings),
        reported=_("%(department)s提供，最近更新%(when)s", department=found.source, when=moment(found.as_of)),
        calendar_file=subject.url("case_calendar", case_id=line.id) if line.due else "",
        printed=printed_at(),
    )


def _sentence(line: CaseLine) -> str:
    """What the figures and the notice of a supplement do not say already."""
    told = line.bucket is Bucket.TODO or (line.closed_at is None and line.ruler.started and not line.ruler.is_paused)
    return "" if told else wording.case_sentence(line)


def _figures(line: CaseLine) -> Iterator[Figure]:
    ruler = line.ruler
    before = _("前")
    if line.closed_at is None and ruler.started and ruler.left is not None and not ruler.is_paused:
        label = _("承诺还剩") if ruler.promise is not None else _("法定还剩")
        late = ruler.late_legal or ruler.late_promise
        shown = late or ruler.left
        yield Figure(label=_("已超过") if late else label, value=str(shown), unit=_unit(ruler, shown))
    if line.closed_at is not None:
        yield Figure(label=_("办结"), value=day(line.closed_at), unit="")
    if ruler.started and ruler.used and not ruler.same_day:
        yield Figure(label=_("已用"), value=str(ruler.used), unit=_unit(ruler, ruler.used))
    if line.closed_at is None and line.supplement_due and line.bucket is Bucket.TODO:
        yield Figure(label=_("补正期限"), value=day(line.supplement_due), unit=before)
    if line.closed_at is None and ruler.promise_date:
        yield Figure(label=_("承诺办结"), value=day(ruler.promise_date), unit=before)
    if line.closed_at is None and ruler.legal_date:
        yield Figure(label=_("法定办结"), value=day(ruler.legal_date), unit=before)


def _unit(ruler: Ruler, n: int) -> str:
    return counted("个工作日", n) if ruler.unit == "working" else counted("个自然日", n)


def _notes(line: CaseLine) -> Iterator[str]:
    ruler = line.ruler
    if ruler.assumed:
        yield _("部门没有在5个工作日内告知要补什么，依法从收到申请之日起算受理。")
    if ruler.extended:
        why = ruler.extension_reason or _("部门没有说明理由")
        yield _("延长的理由：%(why)s", why=why)
    if ruler.provisional:
        yield _("所在年份的放假通知还没有公布，日期按法定节假日推算，公布后会更新。")


def _supplement(line: CaseLine, left: int | None) -> str:
    if line.supplement_due is None or left is None:
        return _("部门等您补交材料，收到后继续办理。")
    if left < 0:
        return _("补正期%(day)s已经过了，请尽快联系部门。", day=day(line.supplement_due))
    return _("%(day)s前补交，还剩%(n)s个工作日。逾期本次申请终止，可以重新申请。", day=day(line.supplement_due), n=left)


def _step(step: Step) -> StepRow:
    note: tuple[str, str] | None = None
    if step.mark == "now":
        note = (_("现在在这一步"), "info")
    elif step.kind == "TBCXSQ" and step.days_not_counted:
        days = step.days_not_counted
        note = (counted("%(n)s个工作日，不计入时限", days) % {"n": days}, "warn")
    when, machine = "", ""
    if step.at is not None:
        when, machine = moment(step.at), iso(step.at)
        if step.until is not None:
            when, machine = _("%(first)s至%(last)s", first=day(step.at), last=day(step.until)), ""
    elif step.due is not None:
        when = _("预计%(day)s前", day=day(step.due))
    person = _("，").join(filter(None, (step.who, step.who_no and _("工号%(no)s", no=step.who_no), step.unit)))
    return StepRow(
        state={"past": "", "next": "next", "now": "now", "pause": "pause"}[step.mark],
        icon=_ICONS.get(step.kind, "check"),
        title=step.title,
        when=when,
        iso=machine,
        note=note,
        text=_("“%(text)s”", text=step.text) if step.text else "",
        materials=_("、").join(step.materials),
        who=person,
    )


def _material(material: Material) -> str:
    kind = {"original": _("原件"), "copy": _("复印件"), "electronic": _("电子材料")}.get(material.kind or "", "")
    count = _("%(n)s份", n=material.count) if material.count else ""
    return _("，").join(filter(None, (kind, count, day(material.at))))


def _people(found: CaseDetail) -> Iterator[tuple[str, str]]:
    """Who did which step, the newest first; each name once."""
    seen: set[str] = set()
    for step in found.steps:
        if step.who and step.who not in seen:
            seen.add(step.who)
            number = _("工号%(no)s", no=step.who_no) if step.who_no else ""
            yield step.title, _("，").join(filter(None, (step.who, number)))


def _item(found: CaseDetail) -> Iterator[tuple[str, str]]:
    line = found.line
    rows = (
        (_("办件编号"), line.case_no),
        (_("统一流水号"), line.short_no),
        (_("事项编码"), line.item_code),
        (_("申请人"), line.applicant),
        (_("申请时间"), moment(line.submitted_at) if line.submitted_at else None),
        (_("受理时间"), moment(line.accepted_at) if line.accepted_at else None),
        (_("法律依据"), found.legal_basis),
    )
    for label, value in rows:
        if value:
            yield label, value


def _result_url(subject: Subject, one: ResultCertificate) -> str:
    return subject.url("certificate", certificate_id=one.id) if one.id else ""
