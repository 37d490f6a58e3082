"""Every error code that the source can answer with, found where it is written.

A code stands as ``code = "…"`` in a class of ``AppError``, in a call that raises such a class, or in a call of the
functions in ``WRITERS``. Codes of OAuth are found by ``oauth_codes``.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from authlib.oauth2 import OAuth2Error

from idp import oauth_errors
from kernel import answers
from kernel.errors import AppError
from wiring.reference.markdown import first_sentence

PACKAGES: Final = ("kernel", "connectors", "idp", "profiles", "subscriptions", "wiring")
WRITERS: Final = ("problem", "refused", "page_fault")
"""Functions whose first argument is a code: of an answer, of a challenge, of a page."""

OAUTH_WRITERS: Final = ("refused", "RegistrationRefused")
"""The same for OAuth's codes (RFC 6750 §3.1, RFC 7591 §3.2.2)."""
DOOR: Final = ("kernel.answers", "kernel.door")

_CODE: Final = re.compile("[a-z]+(_[a-z]+)*")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Code:
    """`said` is for people, `meaning` for developers; what is made at run time is empty."""

    code: str
    status: str
    said: str = ""
    meaning: str = ""


def app_codes() -> Iterator[Code]:
    """The codes of pages and problem documents."""
    for module in _modules():
        for node in ast.walk(_tree(module)):
            if isinstance(node, ast.ClassDef):
                yield from _of_class(module, node)
            elif isinstance(node, ast.Call):
                yield from _of_call(module, node)


def oauth_codes() -> Iterator[Code]:
    """The codes of OAuth's answers and challenges: of Authlib's errors that a module of ``idp`` names, of its calls of
    ``OAUTH_WRITERS``, and those that the machine door writes itself.
    """
    for module in _modules():
        if module.__name__ in DOOR:
            yield from (Code(code=code, status=str(status)) for status, code in answers.OAUTH_CODES.items())
        if not module.__name__.startswith("idp"):
            continue
        for node in ast.walk(_tree(module)):
            if isinstance(node, ast.Name | ast.Attribute):
                kind = _resolved(module, node)
                if _is(kind, OAuth2Error) and kind.error:
                    yield Code(code=kind.error, status=str(kind.status_code))
            elif isinstance(node, ast.Call):
                yield from _oauth_call(module, node)


def _oauth_call(module: ModuleType, node: ast.Call) -> Iterator[Code]:
    kind = _resolved(module, node.func)
    named = {word.arg: word.value for word in node.keywords}
    if _is(kind, OAuth2Error):
        code, status = _text(named.get("error")), str(kind.status_code)
    elif getattr(kind, "__name__", "") in OAUTH_WRITERS:
        code, status = _text(_at(node, 0)), _number(named.get("status") or _at(node, 1)) or "400"
    else:
        return
    if _CODE.fullmatch(code):
        yield Code(code=code, status=status)


def _resolved(module: ModuleType, node: ast.expr) -> Any:
    """What a name or ``module.name`` stands for; None for what only a run would tell."""
    if isinstance(node, ast.Attribute):
        of = _resolved(module, node.value)
        return getattr(of, node.attr, None) if isinstance(of, ModuleType) else None
    return getattr(module, node.id, None) if isinstance(node, ast.Name) else None


def literals() -> Iterator[str]:
    """Every string of the form of a code in ``idp`` and at the machine door, outside the table of OAuth errors."""
    for module in _modules():
        if module.__name__ in DOOR or module.__name__.startswith("idp"):
            if module is oauth_errors:
                continue
            for node in ast.walk(_tree(module)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                    yield node.value


def _of_class(module: ModuleType, node: ast.ClassDef) -> Iterator[Code]:
    kind: Any = getattr(module, node.name, None)
    if _is(kind, AppError) and "code" in vars(kind):
        own = kind is not AppError and kind.__doc__
        yield Code(
            code=kind.code,
            status=str(kind.status),
            said=_said(kind) or "<br>".join(_sentences(node)),
            meaning=first_sentence(kind) if own else "",
        )


def _of_call(module: ModuleType, node: ast.Call) -> Iterator[Code]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    named = {word.arg: word.value for word in node.keywords}
    kind: Any = getattr(module, name, None)
    is_error = _is(kind, AppError)
    if not is_error and name not in WRITERS:
        return
    code = _text(named.get("code") or _at(node, 0))
    if not _CODE.fullmatch(code):
        return
    status = _number(named.get("status") or _at(node, 1))
    detail = _text(named.get("detail"))
    if is_error:
        said = _text(named.get("message") or _at(node, 1)) or _said(kind)
        yield Code(code=code, status=status or str(kind.status), said=said, meaning=detail)
    elif name == "page_fault":
        yield Code(code=code, status="400", said=_text(_at(node, 1)), meaning=_text(_at(node, 2)))
    else:
        text = _text(_at(node, 2))
        yield Code(code=code, status=status, **{"meaning" if text.isascii() else "said": text})


def _is(kind: Any, base: type) -> bool:
    return inspect.isclass(kind) and issubclass(kind, base)


def _said(kind: type[AppError]) -> str:
    """The class's own sentence; empty where each raise brings one."""
    brought = kind is not AppError and kind.message is AppError.message
    return "" if brought else str(kind.message)


def _sentences(node: ast.ClassDef) -> Iterator[str]:
    """What a class that builds its sentence can say."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and (text := _text(call)):
            yield text


def _at(node: ast.Call, place: int) -> ast.expr | None:
    return node.args[place] if len(node.args) > place else None


def _text(node: ast.expr | None) -> str:
    """A string that stands in the source, bare or inside ``_()``; of a formatted one nothing."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "gettext"} and node.args:
        node = node.args[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _number(node: ast.expr | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) and type(node.value) is int else ""


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        yield importlib.import_module(package)
        folder = importlib.import_module(package).__path__
        for info in pkgutil.walk_packages(folder, f"{package}."):
            if not info.name.startswith(("wiring.demo", "wiring.reference", "wiring.worker")):
                yield importlib.import_module(info.name)


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))
