"""What pages say about cases, in the words of the design (状态、时限)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from kernel.format import day
from kernel.i18n import counted
from profiles.cases.states import State, Turn

if TYPE_CHECKING:
    from profiles.cases.ruler import Ruler


_: Callable[..., str] = gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class StateWord:
    """`tag` is the tag's kind (`info`, `warn`, `ok`, `bad`, or none), `icon` a name of the sprite."""

    label: str | LazyString
    tag: str
    icon: str


_STATES: Final = {
    State.SUBMITTED: StateWord(label=_l("已提交"), tag="info", icon="clock"),
    State.PRE_CHECKED: StateWord(label=_l("预审通过"), tag="info", icon="clock"),
    State.SUPPLEMENT_REQUIRED: StateWord(label=_l("待您补正"), tag="warn", icon="pause"),
    State.SUPPLEMENT_RECEIVED: StateWord(label=_l("已收到补正"), tag="info", icon="clock"),
    State.ACCEPTED: StateWord(label=_l("已受理"), tag="info", icon="clock"),
    State.IN_REVIEW: StateWord(label=_l("审查中"), tag="info", icon="clock"),
    State.SPECIAL_PROCEDURE: StateWord(label=_l("特别程序"), tag="warn", icon="pause"),
    State.GRANTED: StateWord(label=_l("已办结，准予"), tag="ok", icon="check"),
    State.REFUSED: StateWord(label=_l("不予受理或许可"), tag="bad", icon="x"),
    State.VOID: StateWord(label=_l("已作废"), tag="", icon="x"),
    State.REMOVED: StateWord(label=_l("已撤销"), tag="", icon="x"),
    State.FORWARDED: StateWord(label=_l("已转报上级"), tag="info", icon="right"),
    State.LAPSED: StateWord(label=_l("逾期未补正，已终止"), tag="", icon="x"),
    State.OTHER: StateWord(label=_l("已办结"), tag="ok", icon="check"),
    State.COLLECTED: StateWord(label=_l("已领取"), tag="ok", icon="check"),
    State.UNKNOWN: StateWord(label=_l("部门还没有回传进度"), tag="", icon="clock"),
}
_TURNS: Final = {
    Turn.DEPARTMENT: _l("部门办理中"),
    Turn.APPLICANT: _l("等您办理"),
    Turn.THIRD_PARTY: _l("第三方办理中"),
    Turn.NOBODY: _l("已结束"),
}
_TITLES: Final = {
    "SB": _l("您提交了申请"),
    "WSYSL": _l("预审"),
    "SL": _l("受理"),
    "SPCL": _l("审查"),
    "BZGZ": _l("一次性告知补正"),
    "BZSL": _l("收到您的补正材料"),
    "TBCXSQ": _l("特别程序"),
    "TBCXJG": _l("特别程序结束"),
    "BJ": _l("决定"),
    "LQDJ": _l("领取"),
    "SBCL": _l("材料"),
}
_STEPS: Final = {"1": _l("承办"), "2": _l("审核"), "3": _l("批准")}
FINDINGS: Final = {
    "closed_without_acceptance": _l("部门报了办结，没有报受理"),
    "closed_before_submission": _l("办结时间早于申请时间"),
    "accepted_before_submission": _l("受理时间早于申请时间"),
    "accepted_after_closing": _l("受理时间晚于办结时间"),
    "accepted_late": _l("受理晚于申请后5个工作日，按法律规定从收到申请之日起计算"),
    "steps_after_closing": _l("办结之后还报了审批步骤"),
    "supplement_received_without_notice": _l("报了收到补正，没有报补正告知"),
    "special_end_without_start": _l("报了特别程序结束，没有报开始"),
    "special_end_before_start": _l("特别程序的结束时间早于开始时间"),
    "collected_without_closing": _l("报了领取，没有报办结"),
    "no_submission": _l("部门还没有报申请信息"),
    "two_applicants": _l("同一办件报了不同的申请人"),
}


def state_word(state: State | str) -> StateWord:
    return _STATES[State(state)]


def turn_word(turn: Turn | str) -> LazyString:
    return _TURNS[Turn(turn)]


def finding_word(code: str) -> str:
    return str(FINDINGS.get(code, code))


def event_title(kind: str, payload: Mapping[str, object]) -> str:
    """The headline of a step: what happened, named by the department where it names it."""
    if kind == "SPCL":
        named = payload.get("step_name") or _STEPS.get(str(payload.get("step") or ""))
        return str(named) if named else str(_TITLES[kind])
    if kind == "TBCXSQ" and payload.get("special_name"):
        return _("%(name)s（特别程序）", name=payload["special_name"])
    if kind == "SL" and payload.get("refused"):
        return _("不予受理")
    return str(_TITLES.get(kind, kind))


def count(unit: str, n: int) -> str:
    return (counted("%(n)s个工作日", n) if unit == "working" else counted("%(n)s个自然日", n)) % {"n": n}


def ruler_label(ruler: "Ruler") -> str:
    """The ruler in one sentence: for screen readers, and complete without the picture."""
    if not ruler.started:
        return _("办理时限尚未开始计算")
    if ruler.same_day:
        return _("当场办结")
    parts = [_("办理时限：已用%(days)s", days=count(ruler.unit, ruler.used))]
    if ruler.promise is not None:
        parts.append(_promise(ruler))
    if ruler.legal is not None:
        parts.append(_legal(ruler))
    if ruler.paused:
        parts.append(_("另有%(days)s不计入", days=count(ruler.unit, ruler.paused)))
    if ruler.extended:
        parts.append(_("依法延长%(days)s", days=count(ruler.unit, ruler.extended)))
    if ruler.assumed:
        parts.append(_("部门没有在5个工作日内答复，从收到申请之日起计算"))
    if ruler.cell_days > 1:
        parts.append(_("每格代表%(days)s", days=count(ruler.unit, ruler.cell_days)))
    return _("；").join(parts)


def _promise(ruler: "Ruler") -> str:
    limit = _("承诺%(days)s", days=count(ruler.unit, ruler.promise or 0))
    if ruler.late_promise:
        return _("%(limit)s，已超过%(days)s", limit=limit, days=count(ruler.unit, ruler.late_promise))
    if ruler.closed:
        return _("%(limit)s，提前%(days)s办结", limit=limit, days=count(ruler.unit, ruler.early))
    if ruler.promise_date is None:
        return _("%(limit)s，暂停计算", limit=limit)
    left = count(ruler.unit, ruler.left or 0)
    return _("%(limit)s，还剩%(left)s，%(date)s前办结", limit=limit, left=left, date=day(ruler.promise_date))


def _legal(ruler: "Ruler") -> str:
    limit = _("法定%(days)s", days=count(ruler.unit, ruler.legal or 0))
    if ruler.late_legal:
        return _("%(limit)s，已超过%(days)s", limit=limit, days=count(ruler.unit, ruler.late_legal))
    if ruler.closed or ruler.legal_date is None:
        return limit
    return _("%(limit)s，%(date)s前办结", limit=limit, date=day(ruler.legal_date))
