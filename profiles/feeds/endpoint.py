"""The departments' door: `POST /feeds/v1/<family>` takes a batch, `GET /feeds/v1/batches/<id>` tells its fate."""

from typing import Any, Final

import structlog
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from idp.contract import Api, Bearer, bearer
from kernel import context, limits, settings
from kernel.db import reading
from kernel.errors import Forbidden, TooLargeBody, TooMany
from kernel.machine import Answer, Endpoint, Request, json_answer, problem
from profiles.feeds import intake, interpret, report
from profiles.feeds.departments import Reporter, reporter
from profiles.feeds.format import MOST_BYTES, MOST_RECORDS, TooManyRecords, Unreadable
from profiles.feeds.registry import families, format_of, formats
from profiles.settings import ProfilesSettings

_MINUTE: Final = 60
_MOST_HINT: Final = 32
_LIMITS: Final[dict[str, Any]] = {"max_bytes": MOST_BYTES, "max_records": MOST_RECORDS}

log = structlog.get_logger(__name__)


def post(request: Request) -> Answer:
    """Store a batch as sent, interpret it, answer for every record."""
    family = families().get(request.params["family"])
    if family is None:
        return problem(
            "unknown_family",
            404,
            _("没有这一类数据。可以报送：%(names)s", names=_("、").join(families())),
            families=list(families()),
        )
    who = bearer(request, scope=f"feeds:{family.name}")
    department = _department(who)
    form = format_of(request.media_type)
    if form is None:
        return _unsupported(request.media_type)
    pace = settings.of(ProfilesSettings).feed_batches_per_minute
    if not limits.allow(f"feeds:{who.client_id}", limit=pace, window_seconds=_MINUTE):
        raise TooMany(retry_after=_MINUTE)
    try:
        body = request.body(MOST_BYTES)
    except TooLargeBody:
        return problem("too_large", 413, _("一次最多16MiB，请分批报送"), **_LIMITS)
    hint = (request.query.get("table") or [""])[0][:_MOST_HINT] or None
    delivery = intake.Delivery(
        department_id=department.id,
        family=family,
        format=form,
        body=body,
        charset=request.charset,
        hint=hint,
    )
    with context.bind(client_id=who.client_id):
        return _take(delivery)


def _take(delivery: intake.Delivery) -> Answer:
    try:
        batch_id = intake.store(delivery)
    except Unreadable as fault:
        place: dict[str, Any] = {"line": fault.line, "column": fault.column}
        known = {name: value for name, value in place.items() if value is not None}
        return problem(fault.code, 400, str(fault.message), **known)
    except TooManyRecords as fault:
        return problem(fault.code, 413, str(fault.message), **_LIMITS)
    where = (("Location", f"/feeds/v1/batches/{batch_id}"),)
    try:
        interpret.run(batch_id)
    except OperationalError:
        # Stored, and nothing is lost: the periodic task goes on where this stopped.
        log.exception("feeds.interrupted", batch_id=batch_id)
        return json_answer({"batch": batch_id, "status": "received"}, 202, where)
    with reading() as db:
        batch = report.batch(db, batch_id)
        assert batch is not None
        return json_answer(report.of(db, batch), 200, where)


def get(request: Request) -> Answer:
    """The report of a batch of the asking department; `?after=` and `?limit=` page through its records."""
    numbers = {}
    for name, most in (("after", MOST_RECORDS), ("limit", report.MOST)):
        text = (request.query.get(name) or [""])[0]
        if text and not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most):
            return problem("bad_parameter", 400, _("%(name)s应为不超过%(most)s的整数", name=name, most=most))
        if text:
            numbers[name] = int(text)
    with reading() as db:
        batch = report.batch(db, request.params["batch"])
    if batch is not None:
        department = _department(bearer(request, scope=f"feeds:{batch.family}"))
    if batch is None or batch.department_id != department.id:
        return problem("unknown_batch", 404, _("没有这个批次"))
    with reading() as db:
        return json_answer(report.of(db, batch, **numbers))


def _department(who: Bearer) -> Reporter:
    with reading() as db:
        found = reporter(db, who.client_id)
    if found is None:
        raise Forbidden("not_a_department", detail=who.client_id)
    return found


def _unsupported(media_type: str) -> Answer:
    known = [name for one in formats().values() for name in one.media_types]
    return problem(
        "unsupported_media_type",
        415,
        _("不支持%(type)s。可以用：%(known)s", type=media_type or "-", known=", ".join(known)),
        media_types=known,
    )


API: Final = Api(name="Feeds", path="/feeds/v1", scopes=lambda: [f"feeds:{name}" for name in families()])

ENDPOINTS: Final = (
    Endpoint(path="/feeds/v1/batches/<batch>", methods=("GET",), handle=get),
    Endpoint(path="/feeds/v1/<family>", methods=("POST",), handle=post, max_body=MOST_BYTES),
)
