"""消息与提醒: the inbox of the person signed in."""

from itertools import groupby

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from idp.contract import viewer
from kernel import clock
from kernel.db import reading, transaction
from kernel.errors import NotFound
from kernel.web import Access, blueprint
from subscriptions import read

pages = blueprint("messages", __name__, access=Access.SIGNED_IN, url_prefix="/me/messages")


@pages.get("")
def index() -> str:
    """Messages by day, newest first."""
    with reading() as db:
        page = read.inbox(db, viewer().account_id, before=request.args.get("before"))
        unread = read.unread(db, viewer().account_id)
    days = [(day, list(lines)) for day, lines in groupby(page.lines, key=lambda line: clock.local(line.at).date())]
    return render_template(
        "subscriptions/messages.html",
        here="messages",
        days=days,
        older=page.older,
        unread=unread,
        first="before" not in request.args,
    )


@pages.get("/<message_id>")
def show(message_id: str) -> str:
    """One message; opening it is reading it."""
    with transaction() as db:
        line = read.message(db, viewer().account_id, message_id)
        if line is None:
            raise NotFound
        if not line.read:
            read.mark_read(db, viewer().account_id, message_id=message_id)
        mailed = read.mailed_at(db, message_id)
    return render_template("subscriptions/message.html", here="messages", line=line, mailed=mailed)


@pages.post("/read")
def read_all() -> Response:
    """Mark everything as read."""
    with transaction() as db:
        read.mark_read(db, viewer().account_id)
    flash(_("已全部标为已读"))
    return redirect(url_for("messages.index"), 303)  # type: ignore[return-value]
