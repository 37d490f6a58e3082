"""The tree of errors that a reader may see.

Three readers: a stable ``code`` (documented, searchable), a sentence for the person (translated when shown), a detail
for the log. Who raises does not know the surface: the page, the problem document or the OAuth answer is written by
``kernel.web`` and ``kernel.door``.
"""

from collections.abc import Mapping
from typing import TypeAlias

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

Text: TypeAlias = str | LazyString
"""A sentence for people: translated already, or to be translated when it is shown."""


class AppError(Exception):
    """An expected refusal. Subclasses set the class attributes; one raise may replace any of them.

    ``code`` is snake_case ASCII and never changes once documented; ``status`` is the HTTP status; ``message`` is one
    or two sentences for the person, under ``heading`` where that of the status does not fit; ``detail`` goes to the
    log only; ``headers`` are added to the answer (RFC 9110 §11.6.1 asks for WWW-Authenticate with a 401, §10.2.3 offers
    Retry-After).
    """

    code: str = "internal_error"
    status: int = 500
    message: Text = _("系统出了点问题，请稍后再试。")
    heading: Text | None = None

    def __init__(
        self,
        code: str | None = None,
        status: int | None = None,
        *,
        message: Text | None = None,
        detail: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        if message is not None:
            self.message = message
        self.detail = detail
        self.headers = headers
        super().__init__(f"{self.code}: {detail}" if detail else self.code)

    def for_developers(self) -> Text | None:
        """The reason in a sentence for the developer of a site that sent the person here; None where it was nobody's
        doing. It repeats nothing of what was sent.
        """
        return None


class Invalid(AppError):
    """What was sent cannot be used. ``fields`` maps a field's name to the sentence shown beside it."""

    code = "invalid_input"
    status = 400
    message = _("提交的内容有误，请检查后再提交。")

    def __init__(
        self,
        fields: Mapping[str, Text] | None = None,
        *,
        code: str | None = None,
        status: int | None = None,
        message: Text | None = None,
        detail: str = "",
    ) -> None:
        self.fields: dict[str, Text] = dict(fields or {})
        super().__init__(code, status, message=message, detail=detail or ", ".join(self.fields))


class Unauthenticated(AppError):
    code = "login_required"
    status = 401
    message = _("请先登录。")


class Forbidden(AppError):
    code = "forbidden"
    status = 403
    message = _("您没有权限查看这个页面或进行这项操作。")


class NotFound(AppError):
    code = "not_found"
    status = 404
    message = _("没有找到您要的内容，可能网址有误，或者内容已经移走。")


class Conflict(AppError):
    code = "conflict"
    status = 409
    message = _("内容已经被更改，请刷新页面后再试。")


class TooLargeBody(AppError):
    code = "too_large"
    status = 413
    message = _("提交的内容太大。")


class TooMany(AppError):
    """Asked too often; ``retry_after`` is in whole seconds."""

    code = "too_many_requests"
    status = 429
    message = _("操作太频繁，请稍后再试。")

    def __init__(
        self,
        code: str | None = None,
        *,
        retry_after: int | None = None,
        message: Text | None = None,
        detail: str = "",
    ) -> None:
        wait = () if retry_after is None else (("Retry-After", str(retry_after)),)
        super().__init__(code, message=message, detail=detail, headers=wait)


class Unavailable(AppError):
    """Something this request needs does not answer now; ``retry_after`` is in whole seconds."""

    code = "unavailable"
    status = 503
    message = _("服务暂时不可用，请稍后再试。")

    def __init__(
        self,
        code: str | None = None,
        *,
        retry_after: int | None = None,
        message: Text | None = None,
        detail: str = "",
    ) -> None:
        wait = () if retry_after is None else (("Retry-After", str(retry_after)),)
        super().__init__(code, message=message, detail=detail, headers=wait)
