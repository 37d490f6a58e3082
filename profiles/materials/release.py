"""The person's decision: a receipt that cannot be changed and a package that can be fetched once, or a refusal."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from flask_babel import gettext
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import audit, clock, crypto
from kernel.db import transaction
from kernel.errors import AppError, Conflict
from kernel.ids import new_id, new_secret
from profiles import access
from profiles.access import Kind, Reader
from profiles.materials.intents import Intent, decide
from profiles.materials.material import Held, Json
from profiles.materials.receipts import FIRST, receipt_hash
from profiles.materials.resolve import Resolved, resolve
from profiles.models.reuse import ReusePackage, ReuseRelease
from profiles.subject import Subject

_: Callable[..., str] = gettext

LIFE: Final = timedelta(minutes=10)
"""How long the portal may fetch the package."""
NOTHING: Final = "none"
"""The choice of not giving a material."""


class Changed(AppError):
    """What would be sent is not what the person saw: they have to look again."""

    code = "materials_changed"
    status = 409


class NothingChosen(AppError):
    code = "nothing_chosen"
    status = 400


def give(db: Session, subject: Subject, intent_id: str, choices: Mapping[str, str]) -> str:
    """Release what was chosen (need code → mark, or ``NOTHING``) and answer where the browser goes with the code.

    :raises Changed: when a chosen mark is no more what would be sent. :raises NothingChosen: for no material at all.
    :raises Conflict: when the intent is decided, expired, or another release of this person went first.
    """
    intent = decide(db, intent_id, account_id=subject.viewer.account_id, outcome="released")
    if intent is None:
        raise Conflict("intent_closed", detail="decided, expired or not theirs")
    with access.look(db, subject.party_key, subject.reader(_("选择提供给别人的材料"))) as look:
        resolved = resolve(look, intent.needs, clock.today())
    chosen = [(one, held) for one in resolved if (held := _chosen(one, choices)) is not None]
    if not chosen:
        raise NothingChosen
    items = [_item(intent, one, held) for one, held in chosen]
    given = {one.need.code for one, _held in chosen}
    withheld = [one.need for one in resolved if one.need.code not in given]
    release = _receipt(db, subject, intent, chosen=chosen, items=items, withheld=[need.name for need in withheld])
    code = new_secret()
    package = {
        "release_id": release.id,
        "intent_id": intent.id,
        "item": {"code": intent.item_code, "name": intent.item_name},
        "purpose": intent.purpose,
        "released_at": release.at.isoformat(),
        "receipt": f"sha256:{release.hash}",
        "materials": items,
        "not_given": [need.code for need in withheld],
    }
    db.add(
        ReusePackage(
            release_id=release.id,
            client_id=intent.client_id,
            code_digest=crypto.digest(code),
            content=json.dumps(package, ensure_ascii=False),
            expires_at=release.expires_at,
        )
    )
    audit.record(
        db, "reuse.released", subject=release.id, details={"client": intent.client_id, "materials": len(items)}
    )
    return intent.returning(code=code)


def refuse(db: Session, subject: Subject, intent_id: str) -> str:
    """Give nothing, and answer where the browser goes; what was asked stands in the person's log."""
    intent = decide(db, intent_id, account_id=subject.viewer.account_id, outcome="refused")
    if intent is None:
        raise Conflict("intent_closed", detail="decided, expired or not theirs")
    fields = [accept.name if accept.kind == "field" else str(accept) for need in intent.needs for accept in need.accept]
    access.record(db, subject.party_key, portal(intent), dict.fromkeys(fields), refused=True)
    audit.record(db, "reuse.refused", subject=intent.id, details={"client": intent.client_id})
    return intent.returning(error="access_denied")


def portal(intent: Intent, reference: str | None = None) -> Reader:
    """The portal as a reader: what it gets, it gets because the person agreed."""
    return Reader(
        kind=Kind.PORTAL,
        id=intent.client_id,
        name=intent.receiver,
        purpose=_("%(item)s：%(purpose)s", item=intent.item_name, purpose=intent.purpose),
        reference=reference,
    )


def endorsement(item_name: str) -> str:
    """加注: what the copy may be used for, in the language of the documents; part of what is hashed."""
    return f"仅用于{item_name} {clock.today().isoformat()}"


def forget_packages() -> None:
    """Take the content out of packages that nobody fetched in time (periodic)."""
    with transaction() as db:
        over = select(ReusePackage.release_id).where(
            ReusePackage.expires_at <= clock.now(), ReusePackage.content.is_not(None)
        )
        db.execute(update(ReusePackage).where(ReusePackage.release_id.in_(over.limit(500))).values(content=None))


def _chosen(one: Resolved, choices: Mapping[str, str]) -> Held | None:
    mark = choices.get(one.need.code, NOTHING)
    if mark == NOTHING:
        return None
    held = one.chosen(mark)
    if held is None:
        raise Changed(detail="a chosen mark is not what would be sent now")
    return held


def _item(intent: Intent, one: Resolved, held: Held) -> Json:
    return held.item(code=one.need.code, name=one.need.name, endorsement=endorsement(intent.item_name))


def _receipt(
    db: Session,
    subject: Subject,
    intent: Intent,
    *,
    chosen: list[tuple[Resolved, Held]],
    items: list[Json],
    withheld: list[str],
) -> ReuseRelease:
    last = db.execute(
        select(ReuseRelease.seq, ReuseRelease.hash)
        .where(ReuseRelease.party_key == subject.party_key)
        .order_by(ReuseRelease.seq.desc())
        .limit(1)
    ).one_or_none()
    released: list[dict[str, Any]] = [
        {"code": one.need.code, "name": one.need.name, "given": held.name, "source": held.source, "hash": entry["hash"]}
        for (one, held), entry in zip(chosen, items, strict=True)
    ]
    at = clock.now()
    release = ReuseRelease(
        id=new_id(),
        party_key=subject.party_key,
        seq=last.seq + 1 if last else 1,
        account_id=subject.viewer.account_id,
        intent_id=intent.id,
        client_id=intent.client_id,
        receiver_name=intent.receiver,
        item_code=intent.item_code,
        item_name=intent.item_name,
        purpose=intent.purpose,
        released=released,
        withheld=withheld,
        at=at,
        expires_at=at + LIFE,
        previous_hash=last.hash if last else FIRST,
        hash="",
    )
    release.hash = receipt_hash(release)
    db.add(release)
    db.flush()
    return release
