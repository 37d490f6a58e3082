"""A city's OpenID provider: its metadata and its keys, cached, with the last good copy kept for bad days.

Metadata: OpenID Connect Discovery 1.0 §4. Keys: RFC 7517. What was fetched is fresh for an hour; when
fetching it again fails, the old copy serves for a day and the next attempt waits a minute. An unknown ``kid``
fetches the keys once more, but not more often than every half minute, so that forged tokens cannot make us
call a city (Core §10.1.1).
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from connectors.breaker import Deadline
from connectors.errors import BadAnswer, ConnectorError, UpstreamUnavailable
from kernel import http
from kernel.errors import AppError

FRESH: Final = 3600.0  # seconds
LAST_GOOD: Final = 86400.0
RETRY: Final = 60.0
KEY_REFETCH: Final = 30.0
WELL_KNOWN: Final = "/.well-known/openid-configuration"

T = TypeVar("T")
Key = RSAKey | ECKey | OKPKey
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one source's provider is reached."""

    city: str
    issuer: str
    internal: bool
    ca_file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool  # RFC 9207: every answer carries `iss`


@dataclass(slots=True)
class _Copy(Generic[T]):
    """The last good copy of something fetched, and when to fetch it again (``time.monotonic``)."""

    value: T | None = None
    fetched_at: float = field(default=-LAST_GOOD)
    try_after: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, fetch: Callable[[], T], *, at_least: float = FRESH) -> T:
        now = time.monotonic()
        age = now - self.fetched_at
        if self.value is not None and (age < at_least or (age < LAST_GOOD and now < self.try_after)):
            return self.value
        try:
            value = fetch()
        except ConnectorError as error:
            self.try_after = now + RETRY
            if self.value is None or age > LAST_GOOD:
                raise
            log.warning("city.last_good_copy", city=error.city, age=round(age), detail=error.detail)
            return self.value
        with self.lock:
            self.value, self.fetched_at, self.try_after = value, now, 0.0
        return value


class Provider:
    """One source's provider as this process knows it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._metadata: _Copy[Metadata] = _Copy()
        self._keys: _Copy[tuple[Key, ...]] = _Copy()

    def metadata(self, deadline: Deadline) -> Metadata:
        return self._metadata.get(lambda: self._discover(deadline))

    def key(self, header: Mapping[str, Any], deadline: Deadline) -> Key:
        """The key a token's header names. Raises ``BadAnswer`` when there is none or more than one."""
        found = _matching(self._fetched_keys(deadline), header)
        if not found:
            found = _matching(self._fetched_keys(deadline, at_least=KEY_REFETCH), header)
        if len(found) != 1:
            # Core §10.1: with several keys the header has to name one.
            raise BadAnswer(self._access.city, f"{len(found)} keys for {_shown(header)}")
        return found[0]

    def _fetched_keys(self, deadline: Deadline, *, at_least: float = FRESH) -> tuple[Key, ...]:
        uri = self.metadata(deadline).jwks_uri
        return self._keys.get(lambda: self._fetch_keys(uri, deadline), at_least=at_least)

    def _discover(self, deadline: Deadline) -> Metadata:
        issuer, city = self._access.issuer, self._access.city
        found = get_json(self._access, issuer.removesuffix("/") + WELL_KNOWN, deadline)
        if found.get("issuer") != issuer:  # Discovery §4.3: identical, or somebody else's document
            raise BadAnswer(city, "the metadata names another issuer")
        return Metadata(
            authorization_endpoint=_url(city, found, "authorization_endpoint"),
            token_endpoint=_url(city, found, "token_endpoint"),
            jwks_uri=_url(city, found, "jwks_uri"),
            userinfo_endpoint=_url(city, found, "userinfo_endpoint") if "userinfo_endpoint" in found else None,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _fetch_keys(self, uri: str, deadline: Deadline) -> tuple[Key, ...]:
        listed = get_json(self._access, uri, deadline).get("keys")
        if not isinstance(listed, list):
            raise BadAnswer(self._access.city, "the key set has no list of keys")
        return tuple(key for each in listed if (key := _public_key(each)) is not None)


def get_json(access: Access, url: str, deadline: Deadline, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A JSON object by GET. Raises ``UpstreamUnavailable`` or ``BadAnswer``."""
    answer = call(access, "GET", url, deadline, headers=headers)
    if answer.status != 200:
        raise BadAnswer(access.city, f"{urlsplit(url).path}: status {answer.status}")
    return json_object(access, answer)


def call(access: Access, method: str, url: str, deadline: Deadline, **more: Any) -> http.Answer:
    """One call; what cannot be reached or breaks down over there is ``UpstreamUnavailable``."""
    try:
        answer = http.request(
            method,
            url,
            timeout=deadline.remaining(),
            internal=access.internal,
            ca_file=access.ca_file,
            **more,
        )
    except http.TooLarge as error:
        raise BadAnswer(access.city, f"{urlsplit(url).path}: {error.detail}") from None
    except AppError as error:
        raise UpstreamUnavailable(access.city, f"{urlsplit(url).path}: {error.code} {error.detail}") from None
    if answer.status >= 500 or answer.status == 429:
        raise UpstreamUnavailable(access.city, f"{urlsplit(url).path}: status {answer.status}")
    return answer


def json_object(access: Access, answer: http.Answer) -> dict[str, Any]:
    try:
        found = answer.json()
    except AppError:
        raise BadAnswer(access.city, "not JSON") from None
    if not isinstance(found, dict):
        raise BadAnswer(access.city, "not a JSON object")
    return found


def _url(city: str, found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    parts = urlsplit(value) if isinstance(value, str) and value.isascii() else None
    if parts is None or parts.scheme not in {"https", "http"} or not parts.hostname or parts.fragment:
        raise BadAnswer(city, f"the metadata has no usable {name}")
    return str(value)


def _public_key(data: object) -> Key | None:
    """A key that may verify signatures; kinds we do not know are the others' business (RFC 7517 §5)."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig":
        return None
    try:
        key = import_key(data)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, Key) else None


def _matching(keys: tuple[Key, ...], header: Mapping[str, Any]) -> list[Key]:
    alg, kid = header.get("alg"), header.get("kid")
    wanted = {"R": "RSA", "P": "RSA", "E": "OKP" if alg in {"EdDSA", "Ed25519"} else "EC"}.get(str(alg)[:1])
    return [
        key
        for key in keys
        if key.key_type == wanted and key.get("alg") in (None, alg) and (kid is None or key.get("kid") == kid)
    ]


def _shown(header: Mapping[str, Any]) -> str:
    return f"alg {str(header.get('alg'))[:16]!r}, kid {str(header.get('kid'))[:64]!r}"


_providers: dict[tuple[str, Access], Provider] = {}


def of(source_id: str, access: Access) -> Provider:
    """The provider of a source in this process; changed settings begin with an empty cache."""
    found = _providers.get((source_id, access))
    return found if found is not None else _providers.setdefault((source_id, access), Provider(access))


def forget() -> None:
    """Forget every copy (tests)."""
    _providers.clear()
