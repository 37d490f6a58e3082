"""The preview: exactly what would be sent, by whom it was issued, how long it holds, and what is missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel import gettext

from kernel.format import near
from profiles import wording
from profiles.materials.intents import Intent
from profiles.materials.material import Held
from profiles.materials.release import NOTHING, endorsement
from profiles.materials.resolve import Resolved
from profiles.wording import Tag

_: Callable[..., str] = gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One candidate. ``value`` is empty where it cannot be chosen; then ``refusal`` says why."""

    id: str
    value: str
    checked: bool
    title: str
    thumb: str
    valid: str
    source: str
    when: str
    note: str
    refusal: str
    rows: tuple[tuple[str, str], ...]
    in_words: str
    """The same rows as one sentence, for those who hear the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedBlock:
    number: int
    field: str
    """The name of its radio buttons."""
    name: str
    tag: Tag
    options: tuple[Option, ...]
    nothing: str
    nothing_checked: bool
    can_choose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    intent: Intent
    title: str
    blocks: tuple[NeedBlock, ...]
    meter: tuple[tuple[str, int], ...]
    meter_label: str
    held: int
    missing: int
    watermark: str
    sample: Option | None
    """What is drawn as the receiver will see it: of those that are chosen, the one that says most."""


def preview(intent: Intent, resolved: tuple[Resolved, ...], choices: Mapping[str, str] | None = None) -> Preview:
    """``choices`` are what the person had chosen when the page comes back with an error; None: the best of each."""
    held = sum(1 for one in resolved if one.best is not None)
    total, missing = len(resolved), len(resolved) - held
    blocks = tuple(_block(number, one, choices) for number, one in enumerate(resolved, 1))
    return Preview(
        intent=intent,
        title=_("需要%(total)s份材料，%(held)s份已经有了", total=total, held=held),
        blocks=blocks,
        meter=(("ok", held), ("warn", missing)),
        meter_label=_("%(total)s份材料：%(held)s份已有，%(missing)s份没有", total=total, held=held, missing=missing),
        held=held,
        missing=missing,
        watermark=endorsement(intent.item_name),
        sample=max(
            (option for block in blocks for option in block.options if option.checked),
            key=lambda option: len(option.rows),
            default=None,
        ),
    )


def field_of(number: int) -> str:
    return f"need-{number}"


def chosen_in(intent: Intent, form: Mapping[str, str]) -> dict[str, str]:
    """The choices of the form, by the codes of the needs; a material without an answer is not given."""
    return {need.code: form.get(field_of(number), NOTHING) for number, need in enumerate(intent.needs, 1)}


def _block(number: int, one: Resolved, choices: Mapping[str, str] | None) -> NeedBlock:
    best = one.best
    mark = choices.get(one.need.code, NOTHING) if choices is not None else best.mark if best else NOTHING
    field = field_of(number)
    if best is None:
        tag = (_("不能用"), "bad", "x") if one.candidates else (_("没有查到"), "", "info")
    else:
        usable = sum(1 for held in one.candidates if held.usable)
        tag = (_("已有，有%(n)s份可选", n=usable) if usable > 1 else _("已有"), "ok", "check")
    known = one.chosen(mark) is not None
    return NeedBlock(
        number=number,
        field=field,
        name=one.need.name,
        tag=tag,
        options=tuple(
            _option(f"{field}-{index}", held, checked=held.usable and held.mark == mark)
            for index, held in enumerate(one.candidates, 1)
        ),
        nothing=NOTHING,
        nothing_checked=not known,
        can_choose=best is not None,
    )


def _option(id_: str, held: Held, *, checked: bool) -> Option:
    family = wording.family_of(held.title, held.source) if held.kind == "certificate" else ""
    return Option(
        id=id_,
        value=held.mark if held.usable else "",
        checked=checked,
        title=held.title,
        thumb=wording.certificate_thumb(family),
        valid=held.valid,
        source=held.source,
        when=_("%(when)s核对", when=near(held.as_of)),
        note=held.note or "",
        refusal=held.refusal or "",
        rows=held.rows,
        in_words=_("；").join(_("%(label)s：%(value)s", label=label, value=value) for label, value in held.rows),
    )
