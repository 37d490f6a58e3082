"""What idp itself knows of a person: the answer to the claims port where nobody else is installed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from idp.accounts.identity import BODY
from idp.claims import ClaimLine, JsonValue, Only
from idp.models.account import Account
from kernel import mask


def level_words(level: int) -> str:
    """An assurance level as people read it (DESIGN §7.3)."""
    words: dict[int, str] = {
        2: _("二级：信息自填"),
        3: _("三级：姓名和号码与登记库比对一致"),
        4: _("四级：实人、实名、实证一致"),
        5: _("五级：数字证书或窗口核验"),
    }
    return words.get(level, str(level))


class OwnClaims:
    """The account's own facts, scope by scope (OpenID Connect Core §5.4)."""

    def lines(
        self,
        db: Session,
        *,
        account_id: str,
        party_key: str | None,  # noqa: ARG002  # an account's facts are its own
        scopes: frozenset[str],
        names: frozenset[str] | None = None,
    ) -> list[ClaimLine]:
        account = db.get_one(Account, account_id)
        found = [line for scope, tell in _LINES.items() if scope in scopes for line in tell(account)]
        if names is None:
            return found
        if "locale" in names:
            found.append(_line("locale", _("页面语言"), account.locale.replace("_", "-")))
        return [line for line in found if line.claim in names]

    def values(
        self,
        db: Session,
        *,
        account_id: str,
        party_key: str | None,  # noqa: ARG002
        scopes: frozenset[str],
        client_id: str,  # noqa: ARG002  # there is no access log without profiles
        purpose: str | None,  # noqa: ARG002
        only: Only | None = None,
    ) -> dict[str, JsonValue]:
        account = db.get_one(Account, account_id)
        told: dict[str, JsonValue] = {}
        if "profile" in scopes:
            told |= {"name": account.name or None, "locale": account.locale.replace("_", "-")}
        if "identity" in scopes:
            told |= {"level": account.level, "id_type": account.id_type, "id_number": account.id_number}
        if "email" in scopes:
            told |= {"email": account.email, "email_verified": False if account.email else None}
        if "phone" in scopes:
            told |= {"phone_number": account.phone, "phone_number_verified": False if account.phone else None}
        known: dict[str, JsonValue] = {name: value for name, value in told.items() if value is not None}
        return known if only is None else only.of(known)

    def declined(
        self, db: Session, *, party_key: str | None, names: frozenset[str], client_id: str, purpose: str | None
    ) -> None:
        """There is no access log without profiles."""


def _profile(account: Account) -> list[ClaimLine]:
    return [_line("name", _("姓名"), account.name, at=account.identified_at)]


def _identity(account: Account) -> list[ClaimLine]:
    number = account.id_number or ""
    masked = mask.mask_uscc(number) if account.id_type == BODY else mask.mask_id(number)
    label = _("统一社会信用代码") if account.id_type == BODY else _("公民身份号码")
    return [
        _line("id_number", label, number, masked=masked, at=account.identified_at),
        _line("level", _("实名核验结果"), level_words(account.level), at=account.identified_at),
    ]


def _email(account: Account) -> list[ClaimLine]:
    return [_line("email", _("电子邮箱"), account.email or "", masked=mask.mask_email(account.email))]


def _phone(account: Account) -> list[ClaimLine]:
    return [_line("phone_number", _("手机号码"), account.phone or "", masked=mask.mask_phone(account.phone))]


_LINES: Final[Mapping[str, Callable[[Account], list[ClaimLine]]]] = {
    "profile": _profile,
    "identity": _identity,
    "email": _email,
    "phone": _phone,
}


def _line(claim: str, label: str, value: str, *, masked: str | None = None, at: datetime | None = None) -> ClaimLine:
    shown = value or _("没有登记")
    source = _("统一身份认证平台")
    return ClaimLine(claim=claim, label=label, value=shown, masked=masked or shown, source=source, as_of=at)
