"""Accounts as an operator describes them: checked all at once, then made in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from sqlalchemy.orm import Session

from idp.accounts import login_names
from idp.accounts.create import add_login_name, create
from idp.accounts.identity import CITIZEN, ID_TYPES, LONGEST_NAME, Number, number, person_name
from idp.accounts.levels import DECLARED, HIGHEST, IDENTIFIED
from idp.factors.password import hashed
from idp.models.account import Account
from kernel import clock, crypto
from kernel.ids import new_secret

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024
GENERATED_BYTES: Final = 12


class Fault(ValueError):
    """What is wrong with one field of a description; the text goes to the operator."""


class Described(BaseModel):
    """One account as written down. ``level`` is what the operator vouches for: 3 and above need name and number."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    login: str = Field(min_length=2, max_length=32)
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    id_type: str = CITIZEN
    id_number: str | None = None
    level: int | None = Field(default=None, ge=DECLARED, le=HIGHEST)
    email: str | None = Field(default=None, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str | None = None
    admin: bool = False
    locale: str = Field(default="zh_CN", pattern=r"^[a-z]{2}(_[A-Z]{2})?$")
    password: SecretStr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A description without faults, its password hashed already: hashing has no place in a transaction."""

    described: Described
    login: login_names.LoginText
    phone: login_names.LoginText | None
    number: Number | None
    level: int
    password: str
    password_hash: str
    generated: bool


def check(raw: object, *, at: str = "") -> tuple[Checked | None, list[str]]:
    """One description, or every fault of it; ``at`` says which of many it is."""
    if not isinstance(raw, Mapping):
        return None, [f"{at}not an object"]
    try:
        described = Described.model_validate(dict(raw))
    except ValidationError as error:
        return None, [f"{at}{_place(one)}: {one['msg']}" for one in error.errors(include_input=False)]
    faults: list[str] = []
    found_number: Number | None = None
    if described.id_number is not None:
        found_number = _number(described, faults, at)
    login = login_names.read(described.login)
    if not login_names.is_username(described.login):
        faults.append(f"{at}login: begins with a letter, then letters, digits, dots, - or _")
    phone = login_names.read(described.phone) if described.phone else None
    if phone is not None and phone.kind != login_names.PHONE:
        faults.append(f"{at}phone: not a mobile number of 11 digits")
    level = described.level or (IDENTIFIED if found_number else DECLARED)
    if level >= IDENTIFIED and described.id_number is None:
        faults.append(f"{at}level: {level} needs an id_number, because it says that name and number were checked")
    password = described.password.get_secret_value() if described.password else new_secret(GENERATED_BYTES)
    if not len(password) >= SHORTEST_PASSWORD or len(password.encode()) > LONGEST_PASSWORD or "\0" in password:
        faults.append(f"{at}password: at least {SHORTEST_PASSWORD} characters, at most {LONGEST_PASSWORD} bytes")
    if faults:
        return None, faults
    return Checked(
        described=described,
        login=login,
        phone=phone,
        number=found_number,
        level=level,
        password=password,
        password_hash=hashed(password),
        generated=described.password is None,
    ), []


def add(db: Session, users: Sequence[Checked]) -> list[dict[str, Any]]:
    """Make the accounts; for each its id, its login, and the password where it was made here.

    :raises Conflict: when a user name or a phone number is taken; then none is made.
    """
    return [_add(db, one) for one in users]


def _add(db: Session, one: Checked) -> dict[str, Any]:
    account = create(
        db,
        name=person_name(one.described.name),
        number=one.number,
        identified=one.level >= IDENTIFIED,
        own_level=one.level,
        locale=one.described.locale,
    )
    account.admin = one.described.admin
    account.password_hash, account.password_at = one.password_hash, clock.now()
    account.email, account.phone = one.described.email, one.phone.text if one.phone else None
    account.email_index = crypto.blind_index("email", account.email.casefold()) if account.email else None
    account.phone_index = crypto.blind_index("phone", account.phone) if account.phone else None
    add_login_name(db, account, one.login)
    if one.phone is not None:
        add_login_name(db, account, one.phone)
    if one.number is not None and one.level >= IDENTIFIED:
        _name_by_number(db, account, one.number)
    answer: dict[str, Any] = {"id": account.id, "login": one.described.login, "name": account.name, "level": one.level}
    return answer | ({"password": one.password} if one.generated else {})


def _name_by_number(db: Session, account: Account, owned: Number) -> None:
    """The number names the account at sign-in; a person's second account is named in other ways."""
    text = login_names.read(owned.text)
    if not login_names.taken(db, text):
        add_login_name(db, account, text)


def _number(described: Described, faults: list[str], at: str) -> Number | None:
    if described.id_type not in ID_TYPES:
        faults.append(f"{at}id_type: one of {', '.join(ID_TYPES)}")
        return None
    found = number(described.id_type, described.id_number or "")
    if isinstance(found, Number):
        return found
    faults.append(f"{at}id_number: {found.code}")
    return None


def _place(error: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in error["loc"]) or "-"
