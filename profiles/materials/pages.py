"""The pages of reuse: the preview that a portal sends people to, and the person's receipts."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError

from idp.contract import viewer
from kernel import clock, headers
from kernel.db import reading, transaction
from kernel.errors import Conflict, NotFound
from kernel.web import Access, blueprint
from profiles import labels
from profiles.materials import intents, release
from profiles.materials.intents import Intent
from profiles.materials.preview import chosen_in, preview
from profiles.materials.receipts import release_of, releases_of
from profiles.materials.resolve import resolve
from profiles.person.rows import printed_at
from profiles.subject import Subject, person

_: Callable[..., str] = gettext

pages = blueprint("reuse", __name__, access=Access.SIGNED_IN, url_prefix="/reuse")


@pages.before_request
def identified() -> ResponseReturnValue | None:
    found = viewer()
    return None if found.party_key else render_template("profiles/unidentified.html", here="", level=found.level)


@pages.get("/<intent_id>")
def show(intent_id: str) -> str:
    """The preview; the first person who opens it is the one it is for."""
    subject = person()
    with transaction() as db:
        intent = intents.opened(db, intent_id, account_id=subject.viewer.account_id, party_key=subject.party_key)
    return _preview(subject, intent)


@pages.post("/<intent_id>")
def decide(intent_id: str) -> ResponseReturnValue:
    """Release what is ticked, or refuse; the browser goes back to the portal either way."""
    subject = person()
    with transaction() as db:
        intent = intents.opened(db, intent_id, account_id=subject.viewer.account_id, party_key=subject.party_key)
    choices = chosen_in(intent, request.form)
    try:
        with transaction() as db:
            target = (
                release.give(db, subject, intent_id, choices)
                if request.form.get("decision") == "give"
                else release.refuse(db, subject, intent_id)
            )
    except release.NothingChosen:
        return _preview(subject, intent, choices, error=_("请至少选一份材料，或者选“不同意”")), 400
    except release.Changed:
        return _preview(subject, intent, changed=True), 409
    except IntegrityError as fault:
        # Two releases of one person at the same moment name the same predecessor: one of them goes first.
        raise Conflict(detail="receipts of two releases met") from fault
    headers.allow_form_target(intent.return_uri)
    return redirect(target, 303)


def _preview(
    subject: Subject,
    intent: Intent,
    choices: Mapping[str, str] | None = None,
    *,
    error: str = "",
    changed: bool = False,
) -> str:
    values: dict[str, Any] = {"subject": subject, "here": "materials", "intent": intent}
    if not intent.is_open:
        return render_template("profiles/reuse_closed.html", back=intent.returning(error="access_denied"), **values)
    with subject.page("reuse", _("预览可以再用的材料")) as look:
        view = preview(intent, resolve(look, intent.needs, clock.today()), choices)
    headers.allow_form_target(intent.return_uri)
    return render_template("profiles/reuse.html", view=view, error=error, changed=changed, **values)


def releases(subject: Subject) -> str:
    """What this person has released, newest first."""
    after = request.args.get("after")
    with reading() as db:
        page = releases_of(db, subject.party_key, after=after or None)
    older = subject.url("materials", after=page.older) if page.older else ""
    newer = subject.url("materials") if after else ""
    rows = [(line, labels.release_tag(line.state)) for line in page.items]
    return render_template(
        "profiles/materials.html", subject=subject, here="materials", rows=rows, older=older, newer=newer
    )


def release_page(subject: Subject, release_id: str) -> str:
    """One receipt."""
    with reading() as db:
        line = release_of(db, subject.party_key, release_id)
    if line is None:
        raise NotFound(detail="not a release of this person")
    return render_template(
        "profiles/material.html",
        subject=subject,
        here="materials",
        line=line,
        tag=labels.release_tag(line.state),
        sentence=labels.release_sentence(line.state),
        given=[(one, labels.field_label(one.given)) for one in line.given],
        printed=printed_at(),
    )
