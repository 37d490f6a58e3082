"""What pages say about looks, fields and releases: names in words, results and states as tags."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from kernel import mask
from profiles.fields import FIELDS
from profiles.wording import Tag

_: Callable[..., str] = gettext

_RESULTS: Final[Mapping[str, tuple[object, str, str]]] = {
    "agreed": (_l("您已同意"), "ok", "check"),
    "law": (_l("依法核验"), "info", "shield"),
    "refused": (_l("您已拒绝"), "bad", "x"),
    "own": (_l("您自己"), "", "user"),
}
_LABELS: Final = {name: one.label for known in reversed(FIELDS.values()) for name, one in known.items()}
_OTHERS: Final[Mapping[str, object]] = {
    "enterprises": _l("担任法定代表人的企业"),
    "id_type": _l("证件类型"),
    "level": _l("账户可信等级"),
    "certificates": _l("证照"),
}


def result_tag(result: str) -> Tag:
    text, kind, icon = _RESULTS.get(result, (result, "", "info"))
    return str(text), kind, icon


def field_label(name: str) -> str:
    """A field as people call it; ``certificate:…`` and ``case:…`` carry their own name."""
    kind, _colon, title = name.partition(":")
    if title:
        return _("证照“%(name)s”", name=title) if kind == "certificate" else _("办件“%(name)s”", name=title)
    return str(_LABELS.get(name) or _OTHERS.get(name) or name)


def field_labels(names: Iterable[str]) -> str:
    """A list of fields as one text."""
    return _("、").join(field_label(name) for name in names)


def release_tag(state: str) -> Tag:
    """A release's state: `fetched`, `waiting`, `expired`."""
    return {
        "fetched": (_("已送达"), "ok", "check"),
        "waiting": (_("等待对方取走"), "info", "clock"),
    }.get(state, (_("没有取走，已失效"), "", "x"))


def release_sentence(state: str) -> str:
    return {
        "fetched": _("对方已经取走，副本由对方依法保管。要求删除，请联系对方。"),
        "waiting": _("对方要在10分钟内取走，过时自动失效。"),
    }.get(state, _("对方没有按时来取，内容已经删除，没有交出去。"))


def masked(value: str, how: str | None) -> str:
    """The value as it stands on the person's own page at first; a name is not hidden from its owner."""
    hide = {
        "id_number": mask.mask_id,
        "phone": mask.mask_phone,
        "address": mask.mask_address,
        "uscc": mask.mask_uscc,
        "email": mask.mask_email,
        "number": mask.mask_number,
    }.get(how or "")
    return hide(value) if hide else value
