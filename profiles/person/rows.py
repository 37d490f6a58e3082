"""Rows that several pages draw: a case, a certificate, a look."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext
from markupsafe import Markup

from kernel import clock, mask
from kernel.format import full_date, moment, time
from profiles import labels, wording
from profiles.access_log import AccessLine
from profiles.cases.calendar import Calendar
from profiles.cases.read import CaseLine
from profiles.cases.ruler import Ruler
from profiles.cases.states import State
from profiles.certificates.read import CertificateLine
from profiles.subject import Subject
from profiles.wording import Tag

_: Callable[..., str] = gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One case in the names of ``ui.case``."""

    title: str
    href: str
    tag: Tag
    left: Markup | str
    sub: str
    ruler: Ruler | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFace:
    """One certificate in the names of ``ui.cert`` and ``ui.tile``."""

    href: str
    kind: str
    org: str
    name: str
    no: str
    valid: str
    flag: str
    flag_ic: str
    tag: Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One look in the names of ``ui.rec``."""

    who: str
    actor: str
    what: str
    purpose: str
    basis: str
    when: str
    tag: Tag
    refused: bool
    href: str
    action: str


def printed_at() -> str:
    """The present moment for paper, where 今天 would soon be wrong."""
    now = clock.now()
    return _("%(day)s%(time)s", day=full_date(now), time=time(now))


def case_row(subject: Subject, line: CaseLine, calendar: Calendar) -> CaseRow:
    sentence = wording.case_sentence(line)
    return CaseRow(
        title=line.title,
        href=subject.url("case", case_id=line.id),
        tag=wording.case_tag(line),
        left=wording.case_left(line, supplement_days(line, calendar)),
        sub=_("%(department)s · %(sentence)s", department=line.department, sentence=sentence)
        if sentence
        else line.department,
        # A closed case says early or late in words; its ruler is drawn on its own page.
        ruler=line.ruler if line.closed_at is None else None,
    )


def supplement_days(line: CaseLine, calendar: Calendar) -> int | None:
    """Working days left to supply what is missing, today not counted; None without a date."""
    if line.state is not State.SUPPLEMENT_REQUIRED or line.supplement_due is None:
        return None
    return calendar.between(clock.today(), line.supplement_due)


def certificate_face(subject: Subject, line: CertificateLine) -> CertificateFace:
    tag = wording.certificate_tag(line)
    plain = tag[1] == "ok"
    return CertificateFace(
        href=subject.url("certificate", certificate_id=line.id),
        kind=wording.certificate_family(line),
        org=line.issuer,
        name=line.name,
        no=mask.mask_number(line.number),
        valid=wording.certificate_valid(line),
        flag="" if plain else tag[0],
        flag_ic=tag[2],
        tag=tag,
    )


def look_row(subject: Subject, line: AccessLine, *, on_day: date | None = None, brief: bool = False) -> LookRow:
    """``on_day``: the day that the row stands under, so that it tells the time alone. ``brief``: two lines."""
    own = line.result == "own"
    released = line.reference is not None and not subject.is_org
    refused = line.result == "refused"
    what = labels.field_labels(line.fields)
    what = _("申请查看%(what)s，没有提供", what=what) if refused else what
    return LookRow(
        who=line.who,
        actor="" if brief else line.detail or "",
        what=_("%(what)s，用于%(purpose)s", what=what, purpose=line.purpose) if brief else what,
        purpose="" if brief else line.purpose,
        basis="" if own or brief else line.legal_basis or (_("没有授权") if refused else _("您的授权")),
        when=time(line.at) if on_day else moment(line.at),
        tag=labels.result_tag(line.result),
        refused=refused,
        href=subject.url("material", release_id=line.reference) if released and not refused else "",
        action=_("看回执"),
    )
