"""Passwords: Argon2id, a bounded number at once, the same work for everybody."""

import ctypes
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _

from idp.factor import Proof
from idp.settings import SignInSettings
from kernel import settings
from kernel.errors import Invalid, Unavailable
from kernel.ids import new_secret

LONGEST_BYTES: Final = 1024
RETRY_SECONDS: Final = 2
_M_MMAP_THRESHOLD: Final = -3  # mallopt(3)

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane; about 30 ms of one core.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)


class Gate:
    """Lets ``at_once`` work and ``waiting`` more wait; whoever comes then is refused at once.

    Hashes take a core each. Without a bound a flood of logins takes all of them, and tokens starve (PERFORMANCE §4).
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self.work = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)

    @contextmanager
    def room(self) -> Iterator[None]:
        """A place in the queue or none; ``work`` is what one queues for."""
        if not self._places.acquire(blocking=False):
            raise Unavailable(
                "password_queue_full",
                retry_after=RETRY_SECONDS,
                message=_("现在登录的人很多，请过几秒再试"),
            )
        try:
            yield
        finally:
            self._places.release()


def _give_memory_back() -> None:
    """Let each hash's 19 MiB go back to the system: glibc would keep them for every thread that ever made one."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other libraries have none, and no need of it
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 4 << 20)


@cache
def gate() -> Gate:
    """The gate of this process. Argon2 releases the interpreter lock: who wants the answer does the work itself."""
    _give_memory_back()
    limits = settings.of(SignInSettings)
    return Gate(limits.password_hashes_at_once, limits.password_queue)


@cache
def _nobody() -> str:
    """A hash of no password, for accounts that do not exist or have none."""
    return _HASHER.hash(new_secret())


def hashed(password: str) -> str:
    """The form in which a password is kept. Not behind the gate: for commands and enrolment."""
    return _HASHER.hash(_plain(password))


def _plain(password: str) -> str:
    # RFC 8265 §4.2 (OpaqueString): one normal form, so that every keyboard types the same bytes.
    return unicodedata.normalize("NFC", password)


class Password:
    name = "password"
    title = _("密码登录")
    template = "idp/factors/password.html"
    amr = ("pwd",)
    level = 2
    begins = True

    def answer(self, form: Mapping[str, str]) -> str:
        password = form.get("password", "")
        if not password:
            raise Invalid({"password": _("请填写密码")})
        if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES or "\0" in password:
            raise Invalid({"password": _("密码太长或含有不能用的字符，请重新填写")})
        return _plain(password)

    def room(self) -> AbstractContextManager[None]:
        return gate().room()

    def prove(self, enrolled: str | None, answer: str) -> Proof:
        nobody = _nobody()
        with gate().work:
            try:
                right = _HASHER.verify(enrolled or nobody, answer) and enrolled is not None
            except (VerificationError, InvalidHashError):
                return Proof(right=False)
            renew = enrolled is not None and _HASHER.check_needs_rehash(enrolled)
            return Proof(right=right, renewed=_HASHER.hash(answer) if renew else None)


plugin = Password()
