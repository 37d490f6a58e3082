"""``/logout`` asks, ends the session and shows what became of it; ``/end_session`` is the portals' way here."""

from urllib.parse import urlencode

from flask import make_response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from idp import sessions
from idp.logout import end, pending, tell
from idp.logout.pending import Farewell
from idp.logout.request import READ, LogoutFault, LogoutRequest, read
from idp.viewer import Viewer, maybe_viewer
from kernel import headers, log
from kernel.csrf import from_any_site
from kernel.db import reading, transaction
from kernel.errors import AppError
from kernel.web import Access, blueprint

_logger = log.get("idp.logout")

logout = blueprint("logout", __name__, access=Access.PUBLIC)


@logout.get("/logout")
def show() -> Response:
    """Asks whoever is signed in; tells whoever is not what became of the logout."""
    here, person = sessions.current(), maybe_viewer()
    farewell = pending.get(here, request.args.get("of")) or Farewell()
    if person is not None:
        return _ask(person, farewell)
    told = []
    if farewell.logout_id is not None:
        with reading() as db:
            told = tell.outcome(db, farewell.logout_id)
    for frame in farewell.frames:
        headers.allow_frame(frame)
    quiet = [name for name in farewell.names if name not in {each.name for each in told}]
    page = render_template("idp/logout.html", person=None, farewell=farewell, told=told, apps=quiet)
    return make_response(page)


@logout.post("/logout")
def submit() -> Response:
    here, person = sessions.current(), maybe_viewer()
    asked = pending.get(here, request.form.get("of")) or Farewell()
    if person is None:
        return redirect("/logout", 303)
    with transaction() as db:
        farewell = end.here(db, person, back=asked.back, portal=asked.portal)
    return _leave(farewell)


@logout.get("/end_session")
def end_session() -> Response:
    """OpenID Connect RP-Initiated Logout §2.

    Who shows an ID token of this very session has asked the person already; everybody else's request is asked about,
    so that no site can sign people out by a link.
    """
    asked, person = read(request.args.to_dict(flat=False)), maybe_viewer()
    portal = asked.client.name if asked.client is not None else None
    if person is None:
        return _leave(Farewell(back=asked.back, portal=portal))
    if not _certain(asked, person):
        return redirect(_page(Farewell(back=asked.back, portal=portal)), 303)
    with transaction() as db:
        farewell = end.here(db, person, back=asked.back, portal=portal)
    return _leave(farewell)


@logout.post("/end_session")
@from_any_site
def end_session_by_form() -> Response:
    """The same by POST. It goes on by GET: a form of another site brings no session cookie, a link does."""
    read(request.values.to_dict(flat=False))
    kept = [(name, value) for name, value in request.values.items(multi=True) if name in READ]
    return redirect(f"/end_session?{urlencode(kept)}", 303)


@logout.errorhandler(LogoutFault)
def cannot(refused: AppError) -> Response:
    """The portal's request was wrong; the person may sign out all the same, and stays here."""
    _logger.info("refused", error=refused.code, status=refused.status, detail=refused.detail)
    return make_response(render_template("idp/logout_fault.html", fault=refused, person=maybe_viewer()), refused.status)


def _certain(asked: LogoutRequest, person: Viewer) -> bool:
    return asked.hint is not None and asked.hint.sid == person.session_id


def _ask(person: Viewer, farewell: Farewell) -> Response:
    with reading() as db:
        names = list(dict.fromkeys(each.name for each in tell.visited(db, [person.session_id])))
    if farewell.back is not None:
        headers.allow_form_target(farewell.back)
    return make_response(
        render_template(
            "idp/logout.html", person=person, farewell=farewell, of=request.args.get("of", ""), apps=names, told=[]
        )
    )


def _leave(farewell: Farewell) -> Response:
    """On to the portal at once where nobody is left to be told in this browser; otherwise by the page that does."""
    if farewell.back is not None and not farewell.frames:
        return redirect(farewell.back, 303)
    return redirect(_page(farewell), 303)


def _page(farewell: Farewell) -> str:
    if farewell == Farewell():
        return "/logout"
    return f"/logout?{urlencode({'of': pending.keep(sessions.current(), farewell)})}"


def words(state: str) -> str:
    """How a portal's answer is told."""
    known: dict[str, str] = {"confirmed": _("已退出"), "silent": _("没有回应"), "waiting": _("正在通知")}
    return known[state]


logout.add_app_template_global(words, "logout_words")
