"""我的证照: the wallet by expiry, and one certificate with all it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from flask_babel import gettext

from kernel import mask
from kernel.errors import NotFound
from kernel.format import full_date, moment
from profiles.access import Look
from profiles.certificates.read import CertificateDetail, Chip
from profiles.person.rows import CertificateFace, certificate_face, printed_at
from profiles.subject import Subject

_: Callable[..., str] = gettext

PAGE: Final = 24
"""Fills rows of two and of three."""
STATUSES: Final = ("expiring", "current", "void")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateList:
    chips: tuple[tuple[str, str, int, bool], ...]
    faces: tuple[CertificateFace, ...]
    status: str
    total: int
    newer: str
    older: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePage:
    face: CertificateFace
    name: str
    number: str
    """As it stands on the page: masked, or in full where it was asked for."""
    reveal: str
    """The address that shows it in full; empty once it is."""
    rows: tuple[tuple[str, str], ...]
    source: str
    as_of: str
    item: str
    case_href: str
    ends: str
    printed: str


def certificate_list(subject: Subject, look: Look, *, status: str, after: str | None) -> CertificateList:
    """``status`` is one of ``STATUSES`` or empty for all; nearest expiry first, what no longer holds last."""
    chosen = status if status in STATUSES else ""
    counts = look.certificate_counts()
    page = look.certificates(status=cast("Chip", chosen) if chosen else None, after=after or None, limit=PAGE)
    names = (
        ("", _("全部"), counts.total),
        ("expiring", _("快到期"), counts.expiring),
        ("current", _("有效"), counts.current),
        ("void", _("已失效"), counts.void),
    )
    address = subject.url("certificates", status=chosen or None)
    return CertificateList(
        chips=tuple(
            (text, subject.url("certificates", status=key or None), n, key == chosen) for key, text, n in names
        ),
        faces=tuple(certificate_face(subject, line) for line in page.items),
        status=chosen,
        total=counts.total,
        newer=address if after else "",
        older=subject.url("certificates", status=chosen or None, after=page.next) if page.next else "",
    )


def certificate_page(subject: Subject, look: Look, certificate_id: str, *, reveal: bool) -> CertificatePage:
    """``reveal`` shows the number in full; whoever asks for it has had it written down.

    :raises NotFound: for a certificate that is not the subject's.
    """
    found = look.certificate(certificate_id)
    if found is None:
        raise NotFound(detail="not a certificate of this party")
    line = found.line
    return CertificatePage(
        face=certificate_face(subject, line),
        name=line.name,
        number=line.number if reveal else mask.mask_number(line.number),
        reveal="" if reveal else subject.url("certificate", certificate_id=line.id, reveal="number"),
        rows=tuple(_rows(found)),
        source=line.source,
        as_of=_("%(when)s报送", when=moment(line.as_of)),
        item=found.item_code or "",
        case_href=subject.url("cases", q=found.case_no) if found.case_no else "",
        ends=_ends(found),
        printed=printed_at(),
    )


def _rows(found: CertificateDetail) -> Iterator[tuple[str, str]]:
    line = found.line
    dates = (
        (_("签发日期"), line.issued_on),
        (_("生效日期"), line.valid_from),
        (_("有效期至"), line.valid_to),
    )
    yield _("持证人"), line.holder or _("部门没有提供")
    yield _("签发机关"), line.issuer
    for label, when in dates:
        if when:
            yield label, full_date(when)
    if line.valid_to is None:
        yield _("有效期至"), _("长期有效")
    more = (
        (_("证照类型"), line.type_name),
        (_("类型代码"), line.type_code),
        (_("证照标识"), line.identifier),
        (_("签发机关代码"), found.issuer_code),
        (_("行政区划"), found.area_code),
        (_("事项编码"), found.item_code),
        (_("部门报送的状态"), found.status_raw),
    )
    yield from ((label, text) for label, text in more if text)


def _ends(found: CertificateDetail) -> str:
    """What the holder should do about its end; empty while there is time."""
    left = found.line.days_left
    if left is None or left > 60 or found.line.status != "valid":
        return ""
    return _("需要继续使用的，请在到期前向%(issuer)s申请延续或换证。", issuer=found.line.issuer)
