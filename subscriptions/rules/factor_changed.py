"""Two-step sign-in was opened or closed, or an authenticator of it came or went: the owner is told, whoever did it."""

from flask_babel import gettext as _

from subscriptions.rule import Facts, Rule, Words


def _words(facts: Facts) -> Words:
    title, text = _opened(facts) if facts["change"] == "added" else _closed(facts)
    not_you = _("不是您本人做的，请马上在“登录设备”里退出其他设备，再拨打12345。")
    return Words(title=title, text=text + not_you, action=_("查看两步验证"))


def _opened(facts: Facts) -> tuple[str, str]:
    if facts["left"] == "1":
        return _("两步验证已开通"), _("以后用密码登录，还要输入身份验证器上的验证码。")
    return _("添加了一个身份验证器"), _("它显示的验证码也能用来登录。")


def _closed(facts: Facts) -> tuple[str, str]:
    if facts["left"] != "0":
        return _("移除了一个身份验证器"), _("它显示的验证码不能再用来登录。")
    if facts["by"] == "operator":
        return _("两步验证已关闭"), _("工作人员应您的请求关闭了两步验证，现在只用密码就能登录。")
    return _("两步验证已关闭"), _("现在只用密码就能登录。")


plugin = Rule(name="factor_changed", topic=lambda: _("账户安全"), words=_words, icon="shield", urgent=True)
