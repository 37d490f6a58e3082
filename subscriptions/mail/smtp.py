"""Mail by SMTP (RFC 5321), phase by phase: only so is it known whether the far end may have a letter."""

import smtplib
import ssl
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from subscriptions.channel import Letter, Outcome, Result
from subscriptions.mail.compose import compose

_DEADLINE_SECONDS = 20
_PERMANENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None


def server(url: str) -> Server:
    """`smtp://`, `smtp+starttls://` or `smtps://` with optional user, password and port."""
    parts = urlsplit(url)
    default = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}[parts.scheme]
    return Server(
        scheme=parts.scheme,
        host=parts.hostname or "localhost",
        port=parts.port or default,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def send(target: Server, letter: Letter) -> Result:
    """Until DATA begins a failure is certain; after it, only an answer is. RFC 5321 §4.2.5, §4.5.3.2."""
    message = compose(letter)
    try:
        smtp = _connect(target)
    except (OSError, smtplib.SMTPException) as problem:
        return Result(outcome=Outcome.NOT_SENT, problem=type(problem).__name__)
    with smtp:
        try:
            smtp.ehlo_or_helo_if_needed()
            for code in (smtp.mail(_sender(message["From"]))[0], smtp.rcpt(letter.address)[0]):
                if code >= _PERMANENT:
                    return Result(outcome=Outcome.REFUSED, problem=f"SMTP {code}")
                if code >= 300:
                    return Result(outcome=Outcome.NOT_SENT, problem=f"SMTP {code}")
        except (OSError, smtplib.SMTPException, UnicodeError) as problem:
            return Result(outcome=Outcome.NOT_SENT, problem=type(problem).__name__)
        return _data(smtp, message.as_bytes())


def _data(smtp: smtplib.SMTP, body: bytes) -> Result:
    try:
        code = smtp.data(body)[0]
    except smtplib.SMTPDataError as refusal:
        code = int(refusal.smtp_code)  # DATA itself was refused: nothing was sent
    except (OSError, smtplib.SMTPException) as problem:
        return Result(outcome=Outcome.UNKNOWN, problem=type(problem).__name__)
    if code >= _PERMANENT:
        return Result(outcome=Outcome.REFUSED, problem=f"SMTP {code}")
    return Result(outcome=Outcome.SENT) if code < 300 else Result(outcome=Outcome.NOT_SENT, problem=f"SMTP {code}")


def _connect(target: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if target.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(target.host, target.port, timeout=_DEADLINE_SECONDS, context=context)
    else:
        smtp = smtplib.SMTP(target.host, target.port, timeout=_DEADLINE_SECONDS)
    try:
        if target.scheme == "smtp+starttls":
            smtp.starttls(context=context)
        if target.user:
            smtp.login(target.user, target.password or "")
    except BaseException:
        smtp.close()
        raise
    return smtp


def _sender(header: object) -> str:
    return parseaddr(str(header))[1]
