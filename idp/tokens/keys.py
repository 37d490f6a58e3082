"""The ring of signing keys: made at first use, published before they sign, known by their thumbprint (RFC 7638)."""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from joserfc.jwk import ECKey, Key, RSAKey
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.models.key import SigningKey
from idp.process_cache import ProcessCache
from idp.tokens.signer import Signer
from kernel import audit, clock, db

MACHINE_ALG: Final = "ES256"  # for access tokens: a tenth of the cost of RS256, and nobody but us reads them
ALGORITHMS: Final = ("ES256", "RS256")  # RS256 is what every client library expects of an ID token, see ADR 0005
RSA_BITS: Final = 2048
CACHE_SECONDS: Final = 60
RELOAD_SECONDS: Final = 5
HOUR: Final = timedelta(hours=1)
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """``signing``: the key of each algorithm; ``verifying``: every published key by its id; ``jwks``: the
    document's bytes.
    """

    signing: dict[str, Signer]
    verifying: dict[str, tuple[str, Key]]
    jwks: bytes
    loaded: float


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


def rotate(session: Session, alg: str, *, signs_after: timedelta = DAY, leaves_after: timedelta = DAY) -> str:
    """Publish a new key that signs from ``signs_after`` on; the others leave the JWKS ``leaves_after`` later.

    A day before it signs, because portals keep a JWKS for hours; the id of the new key is answered.
    """
    last = _generation(session, alg)
    signs_from = clock.now() + (signs_after if last else timedelta())
    session.execute(
        update(SigningKey)
        .where(SigningKey.alg == alg, SigningKey.withdrawn_at.is_(None))
        .values(withdrawn_at=signs_from + leaves_after)
    )
    return _publish(session, alg, generation=last + 1, signs_from=signs_from)


def _publish(session: Session, alg: str, *, generation: int, signs_from: datetime) -> str:
    key: Key = RSAKey.generate_key(RSA_BITS) if alg == "RS256" else ECKey.generate_key("P-256")
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
            signing[row.alg] = Signer(row.alg, _import(row.alg, {**json.loads(row.private), "kid": row.kid}))
    if set(signing) != set(ALGORITHMS):
        return None
    return Ring(
        signing=signing,
        verifying={row.kid: (row.alg, _import(row.alg, row.public)) for row in live},
        jwks=json.dumps({"keys": [row.public for row in live]}, separators=(",", ":")).encode(),
        loaded=time.monotonic(),
    )


def _import(alg: str, jwk: dict[str, Any]) -> Key:
    kind = RSAKey if alg == "RS256" else ECKey
    return cast("Key", kind.import_key(jwk))
