"""A client's public keys: registered by value, or kept where its ``jwks_uri`` says (RFC 7591 §2).

Fetched through ``kernel.http``, so never inside a transaction; the process keeps what it fetched. A key that nobody
knows yet may have been made a moment ago: then they are fetched again, but not with every forged token that comes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, KeySet, OKPKey, RSAKey

from idp.clients.registered import RegisteredClient
from kernel import http, log
from kernel.errors import AppError

FRESH_SECONDS: Final = 300
AGAIN_SECONDS: Final = 10
STALE_SECONDS: Final = 24 * 3600  # who took a stolen key out of the set must not depend on our never missing it
FETCH_SECONDS: Final = 3.0
MOST_BYTES: Final = 64 * 1024
MOST_KEYS: Final = 20
MOST_HELD: Final = 2000
RSA_BITS: Final = range(2048, 4097)
NONE: Final = KeySet([])

_SECRET: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BY_ALG: Final = {"ES256": "P-256", "RS256": "RSA", "PS256": "RSA", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}
_WRAPPING: Final = {"RSA-OAEP-256": ("RSA",), "ECDH-ES": ("P-256", "X25519")}

_logger = log.get("idp.clients.keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """``source``: the registered set itself or its address. ``tried`` is when it was last asked for, in vain too."""

    source: object
    keys: KeySet
    fetched: float
    tried: float


_held: OrderedDict[str, _Held] = OrderedDict()
_lock = threading.Lock()
_fetching: dict[str, threading.Event] = {}
# A portal whose address hangs costs some threads of this process, never all.
_lines = threading.BoundedSemaphore(4)


def of(client: RegisteredClient) -> KeySet:
    """The client's keys, fetched at most five minutes ago; where that fails now, those of at most a day ago."""
    if client.meta.jwks is not None:
        return _by_value(client.client_id, client.meta.jwks)
    if client.meta.jwks_uri is None:
        return NONE
    return _fetched(client, client.meta.jwks_uri, fresh=FRESH_SECONDS)


def again(client: RegisteredClient) -> KeySet:
    """The keys after one had not fitted: fetched once more, unless that was done a moment ago."""
    if client.meta.jwks is not None or client.meta.jwks_uri is None:
        return of(client)
    return _fetched(client, client.meta.jwks_uri, fresh=AGAIN_SECONDS)


def encryption_key(client: RegisteredClient, alg: str) -> Key | None:
    """The key that what is encrypted for this client by ``alg`` is wrapped with; None where it has none.

    What the process holds is taken as it is, so that no call goes out where tokens are made: ``of`` before that.
    """
    held = _held.get(client.client_id)
    found = held.keys if held is not None and held.source == client.meta.jwks_uri else of(client)
    fitting = [key for key in found if kind(key) in _WRAPPING[alg] and key.get("use") != "sig" and _for(key, alg)]
    # A key that says it is for encryption comes before one that says nothing.
    return min(fitting, key=lambda key: key.get("use") != "enc", default=None)


def signing(found: KeySet, *, alg: str, kid: str | None) -> list[Key]:
    """The keys that a signature by ``alg`` may be of; without ``kid`` all of the kind (OpenID Connect Core §10.1)."""
    return [
        key
        for key in found
        if kind(key) == _BY_ALG[alg] and key.get("use") != "enc" and _for(key, alg) and kid in (None, key.kid)
    ]


def _for(key: Key, alg: str) -> bool:
    said = key.get("alg")
    # RFC 9864 §2.2: EdDSA by this curve has two names.
    return said in (None, alg) or (said in ("EdDSA", "Ed25519") and alg in ("EdDSA", "Ed25519"))


def kind(key: Key) -> str | None:
    """``RSA`` or the curve; None for what is too weak, too costly or unknown to us."""
    if isinstance(key, RSAKey):
        return "RSA" if key.raw_value.key_size in RSA_BITS else None
    if isinstance(key, (ECKey, OKPKey)) and key.curve_name in {"P-256", "Ed25519", "X25519"}:
        return key.curve_name
    return None


def public(jwk: object) -> Key | None:
    """The key of a JWK; None for one with a secret part, and for one of a kind or size that is not taken."""
    if not isinstance(jwk, Mapping) or not _SECRET.isdisjoint(jwk) or jwk.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        key = JWKRegistry.import_key(dict(jwk))
        return key if kind(key) is not None else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def faults(jwks: object) -> str | None:
    """Why this set cannot be registered, in one English clause; None if it can."""
    return next(_faults(jwks), None)


def _faults(jwks: object) -> Iterator[str]:
    listed = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(jwk, Mapping) for jwk in listed):
        yield "must be an object whose member keys is an array of JWKs (RFC 7517 §5)"
        return
    if len(listed) > MOST_KEYS:
        yield f"must have at most {MOST_KEYS} keys"
    if any(jwk.get("kty") == "oct" or not _SECRET.isdisjoint(jwk) for jwk in listed):
        yield "must have public keys alone: one of these has a secret part, so make another pair and keep its secret"
    if not listed or any(public(jwk) is None for jwk in listed):
        yield "must have keys that are RSA of 2048 to 4096 bits, P-256, Ed25519 or X25519, each of them readable"


def _set(jwks: object) -> KeySet:
    """What of a set is usable; other keys may be there for others (RFC 7517 §5)."""
    listed = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(listed, list):
        raise http.BadAnswer(detail="not a JWK set")
    return KeySet([key for jwk in listed[:MOST_KEYS] if (key := public(jwk)) is not None])


def _by_value(client_id: str, jwks: dict[str, Any]) -> KeySet:
    held = _held.get(client_id)
    if held is None or held.source is not jwks:
        held = _keep(client_id, _Held(source=jwks, keys=_set(jwks), fetched=0, tried=0))
    return held.keys


def _keep(client_id: str, held: _Held) -> _Held:
    with _lock:
        _held[client_id] = held
        _held.move_to_end(client_id)
        if len(_held) > MOST_HELD:
            _held.popitem(last=False)
    return held


def _fetched(client: RegisteredClient, uri: str, *, fresh: float) -> KeySet:
    """Of several requests that want the same keys one fetches them; the others take what is held, or wait for it."""
    client_id = client.client_id
    held = _last(client_id, uri)
    now = time.monotonic()
    if held is not None and (now - held.fetched < fresh or now - held.tried < AGAIN_SECONDS):
        return held.keys
    with _lock:
        under_way = _fetching.get(client_id)
        done = _fetching.setdefault(client_id, threading.Event())
    if under_way is not None and held is not None and fresh != AGAIN_SECONDS:
        return held.keys
    if not _lines.acquire(blocking=False):
        if under_way is None:
            _finish(client_id, done)
        return held.keys if held is not None else NONE
    try:
        if under_way is not None:
            under_way.wait(FETCH_SECONDS)
        else:
            _keep(client_id, _fetch(uri, held, internal=client.meta.internal_network))
    finally:
        _lines.release()
        if under_way is None:
            _finish(client_id, done)
    held = _last(client_id, uri)
    return held.keys if held is not None else NONE


def _last(client_id: str, uri: str) -> _Held | None:
    held = _held.get(client_id)
    return held if held is not None and held.source == uri else None


def _finish(client_id: str, done: threading.Event) -> None:
    with _lock:
        _fetching.pop(client_id, None)
    done.set()


def _fetch(uri: str, before: _Held | None, *, internal: bool) -> _Held:
    now = time.monotonic()
    try:
        answer = http.request("GET", uri, timeout=FETCH_SECONDS, max_bytes=MOST_BYTES, internal=internal)
        if answer.status != 200:
            raise http.BadAnswer(detail=f"status {answer.status}")
        return _Held(source=uri, keys=_set(answer.json()), fetched=now, tried=now)
    except AppError as error:
        _logger.warning("the keys of a client could not be fetched", error=error.code, detail=error.detail)
    if before is None or now - before.fetched > STALE_SECONDS:
        return _Held(source=uri, keys=NONE, fetched=now - FRESH_SECONDS, tried=now)
    return _Held(source=uri, keys=before.keys, fetched=before.fetched, tried=now)
