"""Encryption of columns, look-up values for them, digests of secrets.

A sealed value is ``version(1) ‖ length of key id(1) ‖ key id ‖ nonce(12) ‖ ciphertext ‖ tag(16)``,
AES-256-GCM (NIST SP 800-38D) with the header and ``table.column`` as associated data: a value copied into
another column does not open.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

from kernel import settings

VERSION: Final = 1
NONCE_BYTES: Final = 12
INDEX_HEX: Final = 32


class Unreadable(Exception):
    """A sealed value does not open: changed, moved from another column, or its key is not among ENCRYPTION_KEYS."""


def encrypt(text: str, *, bound_to: str) -> bytes:
    """Seal ``text`` for the column ``bound_to`` ("table.column") with the active key."""
    kid, cipher = _ring()[0]
    header = bytes((VERSION, len(kid))) + kid
    nonce = secrets.token_bytes(NONCE_BYTES)
    return header + nonce + cipher.encrypt(nonce, text.encode(), header + bound_to.encode())


def decrypt(blob: bytes, *, bound_to: str) -> str:
    """Open what ``encrypt`` sealed for the same column, by whichever key sealed it.

    :raises Unreadable: never saying anything of the content.
    """
    blob = bytes(blob)
    end = 2 + blob[1] if len(blob) > 1 else 0
    if not blob or blob[0] != VERSION or len(blob) < end + NONCE_BYTES:
        raise Unreadable(f"{bound_to}: not a sealed value")
    header, nonce, sealed = blob[:end], blob[end : end + NONCE_BYTES], blob[end + NONCE_BYTES :]
    cipher = dict(_ring()).get(header[2:])
    if cipher is None:
        raise Unreadable(f"{bound_to}: its key is not among ENCRYPTION_KEYS")
    try:
        return cipher.decrypt(nonce, sealed, header + bound_to.encode()).decode()
    except InvalidTag:
        raise Unreadable(f"{bound_to}: changed, or moved from another column") from None


def is_current(blob: bytes) -> bool:
    """Whether the active key sealed it; a rotation rewrites what is not."""
    kid = _ring()[0][0]
    return bytes(blob[: 2 + len(kid)]) == bytes((VERSION, len(kid))) + kid


def blind_index(field: str, value: str) -> str:
    """The look-up value (32 hex digits) of an encrypted, normalised ``value``: equal values of one field have
    equal ones.

    Keyed, because ID numbers can be guessed: whoever has the database alone cannot try them.
    """
    return mac(f"index:{field}", value.encode()).hex()[:INDEX_HEX]


def mac(purpose: str, data: bytes) -> bytes:
    """HMAC-SHA-256 of ``data`` under a key of its own for each ``purpose``, derived from BLIND_INDEX_KEY."""
    key = settings.of(settings.KernelSettings).blind_index_key.get_secret_value()
    return hmac.digest(_purpose_key(key, purpose), data, "sha256")


def digest(secret: str) -> str:
    """SHA-256 (64 hex digits) of a secret of high entropy (tokens, codes). Never of a password or an ID number."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(a: str, b: str) -> bool:
    """Whether both are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(a.encode(), b.encode())


class Encrypted(TypeDecorator[str]):
    """A text column sealed at rest: ``mapped_column(Encrypted(bound_to="account.id_number"))``.

    It cannot be searched; put a ``blind_index`` column beside it.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, bound_to: str) -> None:
        super().__init__()
        self.bound_to = bound_to

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else encrypt(value, bound_to=self.bound_to)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else decrypt(value, bound_to=self.bound_to)


def _ring() -> tuple[tuple[bytes, AESGCM], ...]:
    return _ciphers(settings.of(settings.KernelSettings).encryption_keys.get_secret_value())


@lru_cache(maxsize=4)
def _ciphers(text: str) -> tuple[tuple[bytes, AESGCM], ...]:
    return tuple((kid.encode(), AESGCM(key)) for kid, key in settings.encryption_keys(text).items())


@lru_cache(maxsize=64)
def _purpose_key(key: str, purpose: str) -> bytes:
    return hmac.digest(key.encode(), purpose.encode(), "sha256")
