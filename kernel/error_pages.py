"""The people's writer of errors: one page for all, or a problem document for a script that asks for JSON."""

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError

from kernel import csrf, log
from kernel.answers import problem_of
from kernel.errors import AppError, Invalid, NotFound, TooLargeBody, TooMany, Unavailable

_logger = log.get("kernel.web")


def expected(error: Exception) -> AppError | None:
    """The refusal that an exception stands for; None for one that nobody expected."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, CSRFError):
        return csrf.refusal(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, OperationalError | PoolTimeoutError):
        return Unavailable("database_unavailable", detail=type(error).__name__)
    return None


def _of_http(error: HTTPException) -> AppError:
    status = error.code or 500
    if status == 404:
        return NotFound()
    if status == 413:
        return TooLargeBody()
    if status == 429:
        return TooMany()
    if status == 405:
        allow = [(name, value) for name, value in error.get_headers() if name == "Allow"]
        return AppError("method_not_allowed", 405, message=_("请从页面上的按钮或链接进行操作。"), headers=tuple(allow))
    if status < 500:
        return Invalid(code=f"http_{status}", status=status, detail=type(error).__name__)
    return AppError(f"http_{status}", status, detail=type(error).__name__)


def _answer(error: Exception) -> Response:
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        error = error.original_exception  # Flask wraps what happened before the first hook
    refusal = expected(error)
    if refusal is None:
        _logger.error("unexpected error", route=request.environ.get("kapok.route"), exc_info=error)
        refusal = AppError()
    else:
        level = _logger.warning if refusal.status >= 500 else _logger.info
        level("refused", error=refusal.code, status=refusal.status, detail=refusal.detail)
    return write(refusal)


def write(error: AppError) -> Response:
    """The answer for the browser; a script of ours that asks for JSON gets a problem document."""
    request_id = str(request.environ.get("kapok.request_id", ""))
    g.csp_form_action = []
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        document = problem_of(error, request_id)
        return Response(document.body, document.status, list(document.headers))
    response = make_response(_page(error, request_id), error.status)
    response.headers.extend(error.headers)
    return response


def _page(error: AppError, request_id: str) -> str:
    values = {
        "status": error.status,
        "code": error.code,
        "message": str(error.message),
        "fields": error.fields if isinstance(error, Invalid) else {},
        "request_id": request_id,
        "own_heading": error.heading,
        "developers": error.for_developers(),
    }
    try:
        return render_template("error.html", **values)
    except Exception:  # the page of errors must not be able to fail
        _logger.exception("error page failed")
        number = escape(gettext("流水号：%(number)s", number=request_id))
        return (
            f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{error.status}</title>'
            f"<h1>{error.status}</h1><p>{escape(error.message)}</p><p>{number}</p></html>"
        )


def install(app: Flask) -> None:
    app.register_error_handler(Exception, _answer)
