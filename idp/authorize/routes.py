"""``/authorize`` and ``/authorize/resume``, where every step of a login comes back to."""

from typing import Final
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from flask import Response, request
from flask_babel import lazy_gettext as _

from idp import sessions
from idp.authorize import answer, complete, dispatch, handles, language, order, pending
from idp.authorize.request import AuthorizeRequest, Draft, Refusal, page_fault
from idp.clients import registered
from kernel import clock, context
from kernel.csrf import from_any_site
from kernel.db import reading, transaction
from kernel.web import Access, blueprint

PAGES: Final = {
    dispatch.LOGIN: "/login",
    dispatch.ACCOUNT: "/login/account",
    dispatch.STEP_UP: "/login/step-up",
    dispatch.CONSENT: "/consent",
}

LONGEST_QUERY: Final = 7800
"""The door takes an address of 8 KiB, and so do most proxies before it."""

pages = blueprint("authorize", __name__, access=Access.PUBLIC)


@pages.get("/authorize")
def authorize() -> Response:
    """A portal sends somebody to sign in."""
    try:
        asked = order.opened(Draft(parameters=request.args.to_dict(flat=False), started_at=clock.now()))
    except Refusal as refused:
        return answer.refuse(refused.error, refused.back)
    return _step(asked, None)


@pages.post("/authorize")
@from_any_site
def authorize_by_form() -> Response:
    """The same by POST (OpenID Connect Core §3.1.2.1).

    It goes on by GET: a form of another site brings no session cookie (SameSite=Lax), a link does. Nothing is done here
    that a foreign form could do to a person, so it needs no token. A request that no address has room for waits behind
    a handle, which like the address belongs to no browser yet. One that has a handle keeps that: under another it could
    be answered again, and for longer (RFC 9126 §7.3).
    """
    try:
        asked = order.opened(Draft(parameters=request.values.to_dict(flat=False), started_at=clock.now()))
    except Refusal as refused:
        return answer.refuse(refused.error, refused.back)
    query = urlencode([*request.values.items(multi=True)])
    if len(query) > LONGEST_QUERY:
        handle = request.values["request_uri"] if asked.handle is not None else handles.keep(asked)
        query = urlencode({"client_id": asked.client_id, "request_uri": handle})
    return answer.go(f"/authorize?{query}")


@pages.get("/authorize/resume")
def resume() -> Response:
    """The person has signed in, decided, or pressed reload."""
    flow = request.args.get("flow", "")
    asked = pending.get(sessions.current(), flow)
    if asked is None:
        raise page_fault("flow_expired", _("这次登录已经结束，或者等待得太久。请回到您要使用的网站，重新点登录。"))
    return _step(asked, flow)


def _step(asked: AuthorizeRequest, flow: str | None) -> Response:
    session = sessions.current()
    client = registered.find(asked.client_id)
    if client is None or not client.check_redirect_uri(asked.redirect_uri):  # both may have changed meanwhile
        raise page_fault("unknown_client", _("这个网站的登记已停用或者已更改，登录已停止。请联系该网站。"))
    # Who is not signed in writes nothing, and so takes no lock.
    with transaction() if session.login else reading() as db, context.bind(client_id=client.client_id):
        step = dispatch.next_step(db, asked, client, session.login, pending.progress(session, flow))
        try:
            if isinstance(step, dispatch.Refuse):
                raise step.error
            if isinstance(step, dispatch.Complete):
                told = complete.with_code(db, asked, client, step)
        except OAuth2Error as error:
            step = dispatch.Refuse(error=error)
    if isinstance(step, dispatch.Ask):
        return answer.go(_page(step, asked, flow or pending.keep(session, asked)))
    handles.spend(asked)
    if flow is not None:
        pending.drop(session, flow)
    language.forget(session)
    if isinstance(step, dispatch.Refuse):
        return answer.refuse(step.error, asked.back(client))
    return answer.send(asked.back(client), told)


def _page(step: dispatch.Ask, asked: AuthorizeRequest, flow: str) -> str:
    """The address of the page that asks the person."""
    session = sessions.current()
    pending.ask(session, flow, step.step)
    language.suggest(session, asked.ui_locales)
    query = {"flow": flow} | ({"level": str(step.level)} if step.level is not None else {})
    return f"{PAGES[step.step]}?{urlencode(query)}"
