"""The ring of signing keys: made at first use, published before they sign, known by their thumbprint (RFC 7638).

A key is published, signs, leaves the JWKS, and is retired: its private half is forgotten, its public half stays to
recognise what it signed (an old ID token as a logout's hint).
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from joserfc.jwk import Key
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.models.key import SigningKey
from idp.process_cache import ProcessCache
from idp.settings import TokenSettings
from idp.tokens.algorithms import ALGORITHMS as _ALGORITHMS
from idp.tokens.signer import ACCESS, ES256, Checker, Signer
from kernel import audit, clock, db, settings
from kernel.tasks import Periodic

MACHINE_ALG: Final = ES256  # for access tokens: a tenth of the cost of RS256, and nobody but us reads them
ALGORITHMS: Final = tuple(_ALGORITHMS)
CACHE_SECONDS: Final = 60
RELOAD_SECONDS: Final = 5
HOUR: Final = timedelta(hours=1)
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """``signing``: the key of each algorithm; ``verifying``: every published key by its id; ``past``: those that left;
    ``jwks``: the document's bytes; ``own``: who checks an access token that begins so.
    """

    signing: dict[str, Signer]
    verifying: dict[str, tuple[str, Key]]
    past: dict[str, tuple[str, Key]]
    jwks: bytes
    loaded: float
    own: dict[bytes, Checker]


_cache: ProcessCache[Ring] = ProcessCache(seconds=CACHE_SECONDS, most=1)


def ring() -> Ring:
    """The keys as of at most a minute ago; makes the first ones. Never called inside an open transaction while cold."""
    found = _cache.get("", _load)
    if found is None:
        _make_missing()
        found = _cache.get("", _load)
    assert found is not None
    return found


def published(kid: str) -> tuple[str, Key] | None:
    """Algorithm and public key of ``kid``. An unknown one makes the ring reload, at most every few seconds."""
    found = ring()
    if kid not in found.verifying and time.monotonic() - found.loaded > RELOAD_SECONDS:
        _cache.forget()
        found = ring()
    return found.verifying.get(kid)


def known(kid: str) -> tuple[str, Key] | None:
    """The same, of keys that have left the JWKS too: for tokens that may have expired (``id_token_hint``)."""
    return published(kid) or ring().past.get(kid)


def overlap() -> timedelta:
    """How long a key that signs no more stays in the JWKS: longer than any token it signed lives."""
    return max(DAY, settings.of(TokenSettings).longest_signed + HOUR)


def rotate(session: Session, alg: str, *, signs_after: timedelta = DAY, leaves_after: timedelta | None = None) -> str:
    """Publish a new key that signs from ``signs_after`` on; the others leave the JWKS ``leaves_after`` (``overlap``)
    later.

    A day before it signs, because portals keep a JWKS for hours; the id of the new key is answered.
    """
    last = _generation(session, alg)
    signs_from = clock.now() + (signs_after if last else timedelta())
    session.execute(
        update(SigningKey)
        .where(SigningKey.alg == alg, SigningKey.withdrawn_at.is_(None))
        .values(withdrawn_at=signs_from + (overlap() if leaves_after is None else leaves_after))
    )
    return _publish(session, alg, generation=last + 1, signs_from=signs_from)


def _publish(session: Session, alg: str, *, generation: int, signs_from: datetime) -> str:
    key = _ALGORITHMS[alg].make()
    kid = key.thumbprint()
    session.add(
        SigningKey(
            kid=kid,
            alg=alg,
            generation=generation,
            private=json.dumps(key.as_dict(private=True)),
            public={**key.as_dict(private=False), "kid": kid, "alg": alg, "use": "sig"},
            published_at=clock.now(),
            signs_from=signs_from,
        )
    )
    session.flush()
    audit.record(session, "key.created", subject=kid, details={"alg": alg, "generation": generation})
    db.after_commit(session, _cache.forget)
    return kid


def _generation(session: Session, alg: str) -> int:
    return session.scalar(select(func.max(SigningKey.generation)).where(SigningKey.alg == alg)) or 0


def _make_missing() -> None:
    """The first key of each algorithm. Of processes that start together one makes it, and the others use it."""
    for alg in ALGORITHMS:
        try:
            with db.transaction() as writing:
                if _generation(writing, alg) == 0:
                    _publish(writing, alg, generation=1, signs_from=clock.now())
        except IntegrityError:
            continue  # on PostgreSQL: the other committed while we waited for it


def _load() -> Ring | None:
    now = clock.now()
    with db.reading() as reading:
        rows = reading.scalars(select(SigningKey).order_by(SigningKey.generation)).all()
    live = [row for row in rows if row.withdrawn_at is None or now < row.withdrawn_at]
    signing: dict[str, Signer] = {}
    for row in live:
        if row.signs_from <= now:
            private = {**json.loads(row.private), "kid": row.kid}
            signing[row.alg] = Signer(row.alg, _ALGORITHMS[row.alg].read(private))
    if set(signing) != set(ALGORITHMS):
        return None
    return Ring(
        signing=signing,
        verifying={row.kid: (row.alg, _ALGORITHMS[row.alg].read(row.public)) for row in live},
        past={row.kid: (row.alg, _ALGORITHMS[row.alg].read(row.public)) for row in rows if row not in live},
        jwks=json.dumps({"keys": [row.public for row in live]}, separators=(",", ":")).encode(),
        loaded=time.monotonic(),
        own={one.head: one for one in (_checker(row) for row in live if row.alg == MACHINE_ALG)},
    )


def upkeep() -> None:
    """Rotate what has signed long enough, and forget the private half of what signs no more."""
    every = settings.of(TokenSettings).key_rotation
    for alg in ALGORITHMS:
        try:
            with db.transaction() as writing:
                if every is not None and _is_due(writing, alg, every):
                    rotate(writing, alg)
        except IntegrityError:
            continue  # another worker was quicker
    with db.transaction() as writing:
        _retire(writing)


def _is_due(session: Session, alg: str, every: timedelta) -> bool:
    newest = session.scalar(select(func.max(SigningKey.signs_from)).where(SigningKey.alg == alg))
    return newest is not None and clock.now() - newest >= every - DAY  # the day in which the new one is only shown


def _retire(session: Session) -> None:
    over = select(SigningKey).where(SigningKey.withdrawn_at <= clock.now(), SigningKey.retired_at.is_(None))
    for row in session.scalars(over):
        row.private, row.retired_at = "", clock.now()
        audit.record(session, "key.retired", subject=row.kid, details={"alg": row.alg})


PERIODIC: Final = Periodic(name="keys.upkeep", every=HOUR, run=upkeep)


def _checker(row: SigningKey) -> Checker:
    return Checker(row.kid, _ALGORITHMS[row.alg].read(row.public), typ=ACCESS)
