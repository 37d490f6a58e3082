"""The person's decision: kept with everything that the tokens will say, in one transaction."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp import scopes
from idp.clients.registered import RegisteredClient
from idp.consent import decide as consent
from idp.models.cross_device import APPROVED, CIBA, DENIED, DEVICE, PENDING, CrossDeviceRequest
from idp.sessions import Login
from idp.tokens import subjects
from idp.tokens.terms import Terms
from kernel import audit, clock
from kernel.ids import new_id


def by_code(db: Session, user_code: str) -> CrossDeviceRequest | None:
    """The request that a person typed the code of, while it can still be decided."""
    return db.scalar(
        select(CrossDeviceRequest).where(
            CrossDeviceRequest.user_code == user_code,
            CrossDeviceRequest.kind == DEVICE,
            CrossDeviceRequest.status == PENDING,
            CrossDeviceRequest.expires_at > clock.now(),
        )
    )


def asked_of(db: Session, account_id: str) -> list[CrossDeviceRequest]:
    """What portals want this person to approve now, the newest first."""
    return list(
        db.scalars(
            select(CrossDeviceRequest)
            .where(
                CrossDeviceRequest.account_id == account_id,
                CrossDeviceRequest.kind == CIBA,
                CrossDeviceRequest.status == PENDING,
                CrossDeviceRequest.expires_at > clock.now(),
            )
            .order_by(CrossDeviceRequest.created_at.desc())
            .limit(20)
        )
    )


def count_asked_of(db: Session, account_id: str) -> int:
    """How many requests wait for this person's word."""
    return len(asked_of(db, account_id))


def still_open(db: Session, request_id: str) -> CrossDeviceRequest | None:
    """The request, locked, if nobody has decided it and its time is not over."""
    row = db.get(CrossDeviceRequest, request_id, with_for_update=True)
    return row if row is not None and row.status == PENDING and row.expires_at > clock.now() else None


def wanted(row: CrossDeviceRequest, client: RegisteredClient) -> frozenset[str]:
    """The scopes that it asks for and that the client may still have."""
    return frozenset(scopes.split(row.asked.get("scope"))) & client.scopes


def approve(
    db: Session,
    row: CrossDeviceRequest,
    client: RegisteredClient,
    login: Login,
    *,
    granted: frozenset[str],
    until: datetime,
) -> None:
    """``granted`` are those of the asked scopes that the person lets the client have, until then."""
    asking = wanted(row, client)
    asked = scopes.asked(asking) | (asking & {scopes.OFFLINE})
    if asked and client.legal_basis is None:
        consent.grant(
            db,
            client_id=client.client_id,
            account_id=login.account.id,
            granted=asked & granted,
            declined=asked - granted,
            until=until,
            purpose=client.purpose,
        )
    row.scope = " ".join(sorted(asking if client.legal_basis is not None else asking - asked | (asked & granted)))
    row.terms = Terms(resources=row.asked.get("resources", ()), source=login.source_id).kept()
    row.account_id, row.session_id = login.account.id, login.session_id
    row.sub = subjects.sub_for(db, client.sector, login.account.id)
    row.family_id = new_id()
    row.auth_time, row.acr, row.amr = login.auth_time, login.acr, " ".join(login.amr)
    _decided(db, row, APPROVED)


def deny(db: Session, row: CrossDeviceRequest) -> None:
    _decided(db, row, DENIED)


def _decided(db: Session, row: CrossDeviceRequest, status: str) -> None:
    row.status, row.decided_at = status, clock.now()
    row.user_code = None  # nobody else may type it, and it can be drawn again
    if row.ping_token is not None:
        row.ping_due_at = clock.now()
    audit.record(db, f"approval.{status}", subject=row.id, details={"kind": row.kind, "client": row.client_id})
