"""What pages say about cases and certificates: the words, tags and colours of the design (§4.1, §9.3).

Templates hold no rule; whatever depends on a value is decided here. A tag is (text, kind, icon) as ``ui.tag`` takes it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext
from markupsafe import Markup, escape

from kernel.format import day, full_date
from kernel.i18n import counted
from profiles.cases.read import CaseLine
from profiles.cases.ruler import Ruler
from profiles.cases.states import Bucket, State, Turn
from profiles.cases.words import state_word
from profiles.certificates.read import EXPIRING_DAYS, CertificateLine, Status

_: Callable[..., str] = gettext
Tag = tuple[str, str, str]

SOON_DAYS: Final = 20
"""From here on what lapses is red, before it is ochre (design §7.6)."""


def filled(sentence: str, **values: object) -> Markup:
    """A translated sentence, taken without its values, with values that may hold markup; text is escaped."""
    return escape(sentence) % values


def strong(sentence: str, **values: object) -> Markup:
    """A translated sentence with its values in bold."""
    return filled(sentence, **{name: Markup("<b>{}</b>").format(value) for name, value in values.items()})


# ---- cases ----------------------------------------------------------------------------------------------------------


def case_tag(line: CaseLine) -> Tag:
    """Late before everything else, then the state."""
    if line.bucket is not Bucket.CLOSED and line.ruler.late_legal:
        return _("超法定期限"), "bad", "alert"
    if line.bucket is not Bucket.CLOSED and line.ruler.late_promise:
        return _("超承诺"), "bad", "alert"
    word = state_word(line.state)
    return str(word.label), word.tag, word.icon


def on_time_tag(ruler: Ruler) -> Tag | None:
    if not ruler.started or ruler.left is None:
        return None
    if ruler.late_legal:
        return _("超法定期限"), "bad", "alert"
    if ruler.late_promise:
        return _("超承诺"), "bad", "alert"
    return (_("按时办结") if ruler.closed else _("按时办理")), "ok", "check"


def case_left(line: CaseLine, supplement_days: int | None = None) -> Markup | str:
    """The words at the right of a case row. ``supplement_days``: working days until the supplement is due."""
    ruler = line.ruler
    if line.bucket is Bucket.CLOSED:
        return _closed_left(ruler)
    if line.state is State.SUPPLEMENT_REQUIRED:
        if supplement_days is None or supplement_days < 0:
            return ""
        return strong(counted("补正期还剩%(n)s个工作日", supplement_days), n=supplement_days)
    if ruler.is_paused or ruler.left is None or not ruler.started:
        return ""
    return _running_left(ruler, ruler.left)


def _running_left(ruler: Ruler, left: int) -> Markup:
    late = ruler.late_legal or ruler.late_promise
    if late:
        return _days_strong(ruler, late, counted("已超过%(n)s个工作日", late), counted("已超过%(n)s个自然日", late))
    if ruler.promise is None:
        return _days_strong(ruler, left, counted("法定还剩%(n)s个工作日", left), counted("法定还剩%(n)s个自然日", left))
    return _days_strong(ruler, left, counted("承诺还剩%(n)s个工作日", left), counted("承诺还剩%(n)s个自然日", left))


def _closed_left(ruler: Ruler) -> Markup | str:
    if ruler.late_promise:
        late = ruler.late_promise
        return _days_strong(ruler, late, counted("比承诺晚%(n)s个工作日", late), counted("比承诺晚%(n)s个自然日", late))
    if ruler.promise is not None and ruler.early:
        n = ruler.early
        return _days_strong(ruler, n, counted("比承诺提前%(n)s个工作日", n), counted("比承诺提前%(n)s个自然日", n))
    return ""


def _days_strong(ruler: Ruler, n: int, working: str, natural: str) -> Markup:
    return strong(working if ruler.unit == "working" else natural, n=n)


def case_sentence(line: CaseLine) -> str:
    """One sentence for the applicant: what happens now, by when (design §9.3)."""
    if line.bucket is Bucket.CLOSED:
        return _closed_sentence(line)
    if line.state is State.SUPPLEMENT_REQUIRED:
        if line.supplement_due is None:
            return _("部门等您补交材料，收到后继续办理")
        return _("%(day)s前补交材料，部门收到后继续办理", day=day(line.supplement_due))
    if line.state is State.SPECIAL_PROCEDURE:
        return _("正在进行%(what)s，所需时间不计入时限", what=line.ruler.pause_reason or _("特别程序"))
    return _running_sentence(line.ruler)


def _running_sentence(ruler: Ruler) -> str:
    if not ruler.started:
        return _("部门5个工作日内告知是否受理")
    if ruler.late_legal:
        return _("已超过法定期限，还没有办结")
    if ruler.late_promise:
        return _("已超过承诺期限，还没有办结")
    if ruler.promise_date:
        return _("承诺%(day)s前办结", day=day(ruler.promise_date))
    if ruler.legal_date:
        return _("法定%(day)s前办结", day=day(ruler.legal_date))
    return _("部门正在办理")


def _closed_sentence(line: CaseLine) -> str:
    if line.state is State.GRANTED and line.turn is Turn.APPLICANT:
        return _("结果已经出来，请带身份证件去领取")
    return {
        State.GRANTED: _("结果已经出来，电子证照会放进“我的证照”"),
        State.REFUSED: _("原因和救济途径见决定书"),
        State.FORWARDED: _("已经转到上级部门继续办理"),
        State.LAPSED: _("没有按期补交材料，可以重新申请"),
        State.VOID: _("可以重新申请"),
        State.REMOVED: _("可以重新申请"),
    }.get(line.state, "")


# ---- certificates ---------------------------------------------------------------------------------------------------

_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "civil": ("民政", "婚姻", "结婚", "离婚", "收养", "社会组织", "慈善", "殡葬", "养老机构"),
    "hr": ("人力资源", "社会保障", "社保", "职业", "技能", "教育", "教师", "学历", "律师", "司法"),
    "health": ("卫生", "健康", "医", "护士", "药", "疾病", "生育", "公共场所"),
    "land": (
        "自然资源",
        "不动产",
        "规划",
        "住房",
        "住建",
        "建设",
        "施工",
        "林",
        "农",
        "水利",
        "取水",
        "生态",
        "环境",
        "排污",
    ),
    "police": ("公安", "身份", "居住", "驾驶", "行驶", "出入境", "户口", "交通"),
    "market": ("市场监", "工商", "营业执照", "食品", "特种设备", "税", "商务", "经营", "烟草", "文化", "旅游"),
}
"""Colour families by words of the certificate's name, then of its issuer; the first that is found."""


def certificate_family(line: CertificateLine) -> str:
    """The colour of its face; whatever no longer holds is grey."""
    if line.status in {Status.EXPIRED, Status.REVOKED, Status.CANCELLED, Status.LAPSED}:
        return "void"
    return family_of(line.type_name or line.name, line.issuer)


def family_of(*texts: str) -> str:
    for text in texts:
        for family, words in _FAMILIES.items():
            if any(word in text for word in words):
                return family
    return "police"


def certificate_valid(line: CertificateLine) -> str:
    return _("有效期至%(day)s", day=full_date(line.valid_to)) if line.valid_to else _("长期有效")


def certificate_tag(line: CertificateLine) -> Tag:
    """Its status today; a valid one that ends soon says in how many days."""
    soon = certificate_soon(line)
    if soon is not None:
        return soon
    return {
        Status.VALID: (_("有效"), "ok", "check"),
        Status.NOT_YET: (_("还没有生效"), "info", "clock"),
        Status.EXPIRED: (_("已过期"), "", "x"),
        Status.SUSPENDED: (_("暂停效力"), "warn", "pause"),
        Status.REVOKED: (_("已撤销"), "bad", "x"),
        Status.CANCELLED: (_("已注销"), "", "x"),
        Status.LAPSED: (_("已失效"), "", "x"),
        Status.UNKNOWN: (_("状态未知"), "", "info"),
    }[line.status]


def certificate_soon(line: CertificateLine) -> Tag | None:
    """For what holds and ends within sixty days: red within twenty."""
    left = line.days_left
    if line.status is not Status.VALID or left is None or left > EXPIRING_DAYS:
        return None
    text = _("今天到期") if left == 0 else counted("%(n)s天后到期", left) % {"n": left}
    return text, "bad" if left <= SOON_DAYS else "warn", "clock"


def certificate_days(line: CertificateLine) -> Tag:
    """The days that are left, short enough for a narrow list."""
    left = line.days_left or 0
    soon = certificate_soon(line)
    return _("今天") if left == 0 else counted("%(n)s天", left) % {"n": left}, soon[1] if soon else "", ""


def certificate_thumb(line_family: str) -> str:
    return {"health": "health", "market": "lic", "land": "lic", "police": "id"}.get(line_family, "doc")
