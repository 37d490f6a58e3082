"""The only way to a party's data: every read has a reader with a reason, and leaves a line that the party can see.

``look`` gives a reader the data of one party and writes one entry when it ends: the names of what was read, never
the values. ``own_page`` is the same for somebody who looks at their own page: one entry a day for each page, kept
apart from the looks of strangers. Who reads without either of them is found by ``tests/architecture``.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kernel import clock, context, keyvalue
from kernel.db import is_postgresql, reading, transaction
from kernel.ids import new_id
from profiles import facts
from profiles.cases.read import CaseCounts, CaseDetail, CasePage, case_counts, case_detail, cases_of
from profiles.cases.states import Bucket
from profiles.certificates.read import (
    CertificateCounts,
    CertificateDetail,
    CertificateLine,
    CertificatePage,
    Chip,
    certificate_counts,
    certificate_detail,
    certificates_of,
    certificates_of_types,
)
from profiles.models.access import AccessEntry

DAY_SECONDS: Final = 26 * 3600
"""How long a day's note of an own look is remembered: the day, and a little for clocks that differ."""


class Kind(StrEnum):
    SELF = "self"
    PORTAL = "portal"
    STAFF = "staff"
    DEPARTMENT = "department"
    BATCH = "batch"


class Result(StrEnum):
    AGREED = "agreed"
    LAW = "law"
    REFUSED = "refused"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads, and why. ``legal_basis`` is the legal ground; None where the person's own consent is."""

    kind: Kind
    id: str
    name: str
    purpose: str
    legal_basis: str | None = None
    detail: str | None = None
    """Which person or machine at the reader's: a staff number, an interface."""
    reference: str | None = None
    """The release this look belongs to."""

    @property
    def result(self) -> Result:
        if self.kind is Kind.SELF:
            return Result.OWN
        return Result.LAW if self.legal_basis else Result.AGREED


class Look:
    """One reader at one party's data. Every method notes the names of what it hands out."""

    def __init__(self, db: Session, party_key: str) -> None:
        self.db = db
        self.party_key = party_key
        self._names: dict[str, None] = {}

    @property
    def names(self) -> list[str]:
        """What was handed out so far, in the order of the first reading."""
        return list(self._names)

    def party(self) -> facts.PartyLine | None:
        """Name and number of the party itself; None while nobody has reported it."""
        found = facts.party_of(self.db, self.party_key)
        if found is not None:
            self._note(("name", "uscc" if found.kind == "enterprise" else "id_number"))
        return found

    def fields(self) -> tuple[facts.FactField, ...]:
        """Every field that has a value, with all its sources."""
        found = facts.facts_of(self.db, self.party_key)
        self._note(field.field for field in found)
        return found

    def values(self, fields: Iterable[str]) -> dict[str, facts.FactValue]:
        """The best value of each of ``fields`` that has one."""
        found = facts.fact_values(self.db, self.party_key, tuple(fields))
        self._note(found)
        return found

    def certificates(self, *, status: Chip | None = None, after: str | None = None, limit: int = 20) -> CertificatePage:
        page = certificates_of(self.db, self.party_key, status=status, after=after, limit=limit)
        self._note(f"certificate:{line.name}" for line in page.items)
        return page

    def certificates_of_types(self, types: Iterable[str]) -> tuple[CertificateLine, ...]:
        """Certificates whose type code or type name is among ``types``; the best usable first."""
        found = certificates_of_types(self.db, self.party_key, tuple(types))
        self._note(f"certificate:{line.name}" for line in found)
        return found

    def certificate(self, certificate_id: str) -> CertificateDetail | None:
        found = certificate_detail(self.db, self.party_key, certificate_id)
        if found is not None:
            self._note((f"certificate:{found.line.name}",))
        return found

    def certificate_counts(self) -> CertificateCounts:
        return certificate_counts(self.db, self.party_key)

    def cases(
        self,
        *,
        bucket: Bucket | None = None,
        search: str = "",
        after: str | None = None,
        limit: int = 20,
        by_due: bool = False,
    ) -> CasePage:
        page = cases_of(self.db, self.party_key, bucket=bucket, search=search, after=after, limit=limit, by_due=by_due)
        self._note(f"case:{line.title}" for line in page.items)
        return page

    def case(self, case_id: str) -> CaseDetail | None:
        found = case_detail(self.db, self.party_key, case_id)
        if found is not None:
            self._note((f"case:{found.line.title}",))
        return found

    def case_counts(self) -> CaseCounts:
        return case_counts(self.db, self.party_key)

    def enterprises(self) -> tuple[facts.PartyLine, ...]:
        """Enterprises whose reported legal representative this person is."""
        found = facts.enterprises_of(self.db, self.party_key)
        self._note(("enterprises",) if found else ())
        return found

    def _note(self, names: Iterable[str]) -> None:
        self._names.update(dict.fromkeys(names))


@contextmanager
def look(db: Session, party_key: str, reader: Reader) -> Iterator[Look]:
    """Read in the caller's transaction; the entry stands in the same commit. Nothing handed out, nothing written."""
    opened = Look(db, party_key)
    yield opened
    if opened.names:
        record(db, party_key, reader, opened.names)


@contextmanager
def own_page(party_key: str, *, account_id: str, name: str, page: str, purpose: str) -> Iterator[Look]:
    """The boundary of a page about one's own data: reads without a write lock, and notes the first look of the day.

    ``page`` is the stable name of the page; ``purpose`` is what the access log says of it.
    """
    reader = Reader(kind=Kind.SELF, id=account_id, name=name, purpose=purpose)
    with reading() as db:
        opened = Look(db, party_key)
        yield opened
    own_day = f"{party_key}:{account_id}:{clock.today().isoformat()}:{page}"
    if opened.names and keyvalue.store().add(f"own-look:{own_day}", "1", DAY_SECONDS):
        with transaction() as db:
            record(db, party_key, reader, opened.names, own_day=own_day)


def record(
    db: Session,
    party_key: str,
    reader: Reader,
    fields: Iterable[str],
    *,
    refused: bool = False,
    own_day: str | None = None,
) -> None:
    """Write one entry: for what was handed over from elsewhere (a package), and for what was asked and not given."""
    values: Mapping[str, object] = {
        "id": new_id(),
        "party_key": party_key,
        "at": clock.now(),
        "kind": reader.kind.value,
        "result": (Result.REFUSED if refused else reader.result).value,
        "reader_id": reader.id,
        "reader_name": reader.name,
        "reader_detail": reader.detail,
        "purpose": reader.purpose,
        "legal_basis": reader.legal_basis,
        "fields": list(fields),
        "reference": reader.reference,
        "own_day": own_day,
        "request_id": context.actor().request_id,
    }
    if own_day is None:
        db.execute(insert(AccessEntry).values(values))
        return
    # A second process, or the same one after its cache was lost: the row of the day is there already.
    made = postgresql.insert(AccessEntry) if is_postgresql(db) else sqlite.insert(AccessEntry)
    db.execute(made.values(values).on_conflict_do_nothing(index_elements=["own_day"]))
