"""The pages that persons and enterprises both have: open the subject's data, build the view, draw the template."""

from collections.abc import Callable
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext

from kernel import clock, prefs
from kernel.db import reading, transaction
from kernel.errors import NotFound
from kernel.web import public_url
from profiles import access, wording
from profiles.person import ics
from profiles.person.cases import case_list, case_page
from profiles.person.certificates import certificate_list, certificate_page
from profiles.person.looks import looks
from profiles.person.overview import overview
from profiles.person.profile import profile
from profiles.subject import Subject

_: Callable[..., str] = gettext


def _draw(template: str, subject: Subject, here: str, **values: Any) -> str:
    if subject.is_org:
        hint = _("%(name)s · 换一家企业", name=subject.viewer.name)
        values["identity"] = {"name": subject.name, "hint": hint, "href": url_for("org.choose")}
    return render_template(f"profiles/{template}.html", subject=subject, here=here, **values)


def home(subject: Subject) -> str:
    with subject.page("home", _("打开首页")) as look:
        view = overview(subject, look)
        head = look.values(("uscc", "status", "registrar")) if subject.is_org else {}
    elder = prefs.current().mode == "elder"
    return _draw("home_elder" if elder else "home", subject, "me", view=view, head=head)


def cases(subject: Subject) -> str:
    with subject.page("cases", _("查看办件")) as look:
        view = case_list(
            subject,
            look,
            status=request.args.get("status", ""),
            search=request.args.get("q", ""),
            after=request.args.get("after"),
        )
    return _draw("cases", subject, "cases", view=view)


def case(subject: Subject, case_id: str) -> str:
    with subject.page("cases", _("查看办件")) as look:
        view = case_page(subject, look, case_id)
    return _draw("case", subject, "cases", view=view)


def case_calendar(subject: Subject, case_id: str) -> Response:
    """The next binding date of a case as a calendar file."""
    with subject.page("cases", _("查看办件")) as look:
        found = look.case(case_id)
    if found is None or found.line.due is None:
        raise NotFound(detail="no date")
    line = found.line
    text = ics.day_file(
        uid=f"case-{line.id}@kapok",
        day=found.line.due,
        title=_("%(case)s：期限", case=line.title),
        text=_(
            "%(sentence)s。%(department)s，办件编号%(no)s",
            sentence=wording.case_sentence(line),
            department=line.department,
            no=line.case_no,
        ),
        url=public_url(subject.url("case", case_id=line.id)),
        stamp=clock.now(),
    )
    headers = {"Content-Disposition": "attachment; filename=case.ics"}
    return Response(text, content_type="text/calendar; charset=utf-8", headers=headers)


def certificates(subject: Subject) -> str:
    with subject.page("certificates", _("查看证照")) as look:
        view = certificate_list(subject, look, status=request.args.get("status", ""), after=request.args.get("after"))
    return _draw("certificates", subject, "certificates", view=view)


def certificate(subject: Subject, certificate_id: str) -> str:
    reveal = request.args.get("reveal") == "number"
    with subject.page("certificates", _("查看证照")) as look:
        view = certificate_page(subject, look, certificate_id, reveal=reveal)
    if reveal:
        _note_reveal(subject, f"certificate:{view.name}")
    return _draw("certificate", subject, "certificates", view=view)


def profile_page(subject: Subject) -> str:
    with subject.page("profile", _("查看基本信息")) as look:
        view = profile(subject, look, request.args.get("reveal", ""))
    if view.revealed:
        _note_reveal(subject, view.revealed)
    return _draw("profile", subject, "profile", view=view)


def access_page(subject: Subject) -> str:
    with reading() as db:
        view = looks(
            subject,
            db,
            result=request.args.get("result", ""),
            older=request.args.get("older"),
            newer=request.args.get("newer"),
        )
    return _draw("access", subject, "access", view=view)


def _note_reveal(subject: Subject, name: str) -> None:
    """A value shown in full is written down each time, before it leaves."""
    with transaction() as db:
        access.record(db, subject.party_key, subject.reader(_("显示完整内容")), [name])
