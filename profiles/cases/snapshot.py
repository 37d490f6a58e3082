"""The fold's timing and findings as JSON in `case_file.snapshot`: a list needs no event to draw its rulers."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from profiles.cases.clock import Limit, Pause, Timing
from profiles.cases.fold import Folded


def dump(folded: Folded) -> dict[str, Any]:
    timing = folded.timing
    return {
        "submitted": _iso(timing.submitted),
        "accepted": _iso(timing.accepted),
        "closed": _iso(timing.closed),
        "pauses": [[p.kind, _iso(p.first), _iso(p.last), p.reason] for p in timing.pauses],
        "promise": _pair(timing.promise),
        "promise_by": _iso(timing.promise_by),
        "legal": _pair(timing.legal),
        "extension": timing.extension,
        "extension_reason": timing.extension_reason,
        "supplement_due": _iso(timing.supplement_due),
        "licence": timing.licence,
        "reason": folded.reason,
        "findings": list(folded.findings),
    }


def timing_of(snapshot: Mapping[str, Any]) -> Timing:
    return Timing(
        submitted=_date(snapshot.get("submitted")),
        accepted=_date(snapshot.get("accepted")),
        closed=_date(snapshot.get("closed")),
        pauses=tuple(
            Pause(kind=kind, first=date.fromisoformat(first), last=_date(last), reason=reason)
            for kind, first, last, reason in snapshot.get("pauses", ())
        ),
        promise=_limit(snapshot.get("promise")),
        promise_by=_date(snapshot.get("promise_by")),
        legal=_limit(snapshot.get("legal")),
        extension=snapshot.get("extension", 0),
        extension_reason=snapshot.get("extension_reason"),
        supplement_due=_date(snapshot.get("supplement_due")),
        licence=snapshot.get("licence", True),
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _pair(limit: Limit | None) -> list[object] | None:
    return [limit.days, limit.unit] if limit else None


def _limit(pair: list[Any] | None) -> Limit | None:
    return Limit(days=pair[0], unit=pair[1]) if pair else None
