"""Answers idp's claims port: what a portal gets of a person, from what departments reported and the account holds.

What a department reported of the identity goes before what the account says of itself, because it has a source with a
date; the account's own e-mail and telephone go before reported ones, because the person chose them.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from flask_babel import gettext
from sqlalchemy.orm import Session

from idp.contract import ClaimLine, ClaimsPort, ClientInfo, JsonValue, Only, client
from kernel import mask
from profiles import labels
from profiles.access import Kind, Look, Reader, record
from profiles.certificates.read import CertificateLine
from profiles.facts import FactValue
from profiles.wording import certificate_valid

_: Callable[..., str] = gettext

MOST_CERTIFICATES: Final = 100
FIELDS: Final = {
    "profile": {"name": "name"},
    "identity": {"id_number": "id_number"},
    "email": {"email": "email"},
    "phone": {"phone_number": "phone"},
}
"""By scope: the claim on the wire and the field of basic information that answers it."""
CHOSEN_BY_PERSON: Final = frozenset({"email", "phone_number"})
_MASKS: Final = {"id_number": "id_number", "email": "email", "phone_number": "phone"}
_FIELD_OF: Final = {claim: field for pairs in FIELDS.values() for claim, field in pairs.items()}
_NOT_DATA: Final = frozenset({"locale", "email_verified", "phone_number_verified", "id_type"})
"""Claims that need no line in the access log of their own."""


class Claims:
    """Implements ``idp.contract.ClaimsPort``. ``own`` answers for the account's own facts: level, chosen contacts."""

    def __init__(self, own: ClaimsPort) -> None:
        self._own = own

    def lines(
        self,
        db: Session,
        *,
        account_id: str,
        party_key: str | None,
        scopes: frozenset[str],
        names: frozenset[str] | None = None,
    ) -> list[ClaimLine]:
        """What these scopes would hand over, shown to the person whose consent is asked: nobody else's look."""
        own = self._own.lines(db, account_id=account_id, party_key=party_key, scopes=scopes, names=names)
        if party_key is None:
            return own
        look = Look(db, party_key)
        known = self._own_values(db, account_id, party_key, scopes)
        reported = _reported(look, scopes, known)
        lines = [_line(line, reported.get(line.claim)) for line in own]
        papers = [] if names is not None and "certificates" not in names else _certificates(look, scopes)
        return [*lines, *(_certificate_line(one) for one in papers)]

    def values(
        self,
        db: Session,
        *,
        account_id: str,
        party_key: str | None,
        scopes: frozenset[str],
        client_id: str,
        purpose: str | None,
        only: Only | None = None,
    ) -> dict[str, JsonValue]:
        """The claims by their names on the wire; their names are in the person's access log in the same commit."""
        known = self._own_values(db, account_id, party_key, scopes)
        if party_key is None:
            return known if only is None else only.of(known)
        look = Look(db, party_key)
        reported = _reported(look, scopes, known)
        told: dict[str, JsonValue] = known | {claim: found.value for claim, found in reported.items()}
        told |= {f"{claim}_verified": False for claim in CHOSEN_BY_PERSON & reported.keys()}
        certificates = list(_certificates(look, scopes))
        if "certificates" in scopes:
            told["certificates"] = [_certificate(one) for one in certificates]
        if only is not None:
            told = only.of(told)
            certificates = certificates if "certificates" in told else []
        names = [_FIELD_OF.get(claim, claim) for claim in told if claim not in _NOT_DATA | {"certificates"}]
        names += [f"certificate:{one.name}" for one in certificates]
        if names:
            record(db, party_key, _reader(client(db, client_id), client_id, purpose), dict.fromkeys(names))
        return told

    def declined(
        self, db: Session, *, party_key: str | None, names: frozenset[str], client_id: str, purpose: str | None
    ) -> None:
        """The person sees what was asked for and not given, too."""
        fields = [_FIELD_OF.get(claim, claim) for claim in sorted(names - _NOT_DATA)]
        if party_key is not None and fields:
            record(db, party_key, _reader(client(db, client_id), client_id, purpose), fields, refused=True)

    def _own_values(
        self, db: Session, account_id: str, party_key: str | None, scopes: frozenset[str]
    ) -> dict[str, JsonValue]:
        return self._own.values(
            db, account_id=account_id, party_key=party_key, scopes=scopes, client_id="", purpose=None
        )


def _reported(look: Look, scopes: frozenset[str], known: dict[str, JsonValue]) -> dict[str, FactValue]:
    """By claim, the reported values that go before the account's own."""
    wanted = {
        claim: field
        for scope in scopes
        for claim, field in FIELDS.get(scope, {}).items()
        if not (claim in CHOSEN_BY_PERSON and known.get(claim))
    }
    if not wanted:
        return {}
    found = look.values(wanted.values())
    return {claim: found[field] for claim, field in wanted.items() if field in found}


def _certificates(look: Look, scopes: frozenset[str]) -> Iterator[CertificateLine]:
    if "certificates" in scopes:
        yield from look.certificates(status="current", limit=MOST_CERTIFICATES).items


def _line(own: ClaimLine, reported: FactValue | None) -> ClaimLine:
    if reported is None:
        return own
    return ClaimLine(
        claim=own.claim,
        label=own.label,
        value=reported.value,
        masked=labels.masked(reported.value, _MASKS.get(own.claim)),
        source=reported.source,
        as_of=reported.as_of,
        sensitive=own.sensitive,
    )


def _certificate_line(one: CertificateLine) -> ClaimLine:
    valid = certificate_valid(one)
    return ClaimLine(
        claim="certificates",
        label=one.name,
        value=_("编号%(no)s，%(issuer)s签发，%(valid)s", no=one.number, issuer=one.issuer, valid=valid),
        masked=_(
            "编号%(no)s，%(issuer)s签发，%(valid)s", no=mask.mask_number(one.number), issuer=one.issuer, valid=valid
        ),
        source=one.source,
        as_of=one.as_of,
    )


def _certificate(one: CertificateLine) -> dict[str, JsonValue]:
    """A certificate in the names of GB/T 36903's exchange."""
    return {
        "certificate_identifier": one.identifier,
        "certificate_type_code": one.type_code,
        "certificate_name": one.name,
        "certificate_number": one.number,
        "issuing_authority_name": one.issuer,
        "holder_name": one.holder,
        "issue_date": one.issued_on.isoformat() if one.issued_on else None,
        "validate_start": one.valid_from.isoformat() if one.valid_from else None,
        "validate_end": one.valid_to.isoformat() if one.valid_to else None,
        "status": one.status.value,
        "source": one.source,
        "as_of": _instant(one.as_of),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _reader(found: ClientInfo | None, client_id: str, purpose: str | None) -> Reader:
    return Reader(
        kind=Kind.PORTAL,
        id=client_id,
        name=found.name if found else client_id,
        purpose=(found.purpose if found else purpose) or _("登录并办理业务"),
        legal_basis=found.legal_basis if found else None,
    )
