"""What can go wrong between the form and the session, each with what the person can do about it."""

from datetime import datetime

from flask_babel import lazy_gettext as _

from kernel import clock
from kernel.errors import AppError


class WrongAnswer(AppError):
    """The account, or what was to prove it: which of the two is never told. ``left``: tries that remain, where told."""

    code = "wrong_login"
    status = 400
    message = _("账号或密码不正确")

    def __init__(self, left: int | None, detail: str = "") -> None:
        message = None if left is None else _("账号或密码不正确，还可以再试%(n)s次", n=left)
        super().__init__(message=message, detail=detail)


class Paused(AppError):
    code = "login_paused"
    status = 429

    def __init__(self, until: datetime) -> None:
        seconds = max(1, int((until - clock.now()).total_seconds()))
        super().__init__(
            message=_(
                "为了安全，密码登录停用到%(time)s。现在可以用城市账号登录，或到就近的办事窗口办理",
                time=f"{clock.local(until):%H:%M}",
            ),
            headers=(("Retry-After", str(seconds)),),
        )


class WrongCode(AppError):
    """A code that no app of the account shows now, or that was used before. ``left``: tries that remain, where told."""

    code = "wrong_code"
    status = 400
    message = _("验证码不正确，或已经用过。请输入身份验证器现在显示的6位数字")

    def __init__(self, left: int | None) -> None:
        self.left = left
        message = None if left is None else _("验证码不正确，或已经用过，还可以再试%(n)s次", n=left)
        super().__init__(message=message)


class CodesPaused(AppError):
    code = "codes_paused"
    status = 429

    def __init__(self, until: datetime) -> None:
        seconds = max(1, int((until - clock.now()).total_seconds()))
        super().__init__(
            message=_(
                "为了安全，验证码停用到%(time)s。请到时再试，或到就近的办事窗口办理",
                time=f"{clock.local(until):%H:%M}",
            ),
            headers=(("Retry-After", str(seconds)),),
        )


class Ended(AppError):
    """A sign-in that cannot go on; its page leads back to the login with everything it knows."""


class Blocked(Ended):
    code = "account_blocked"
    status = 403
    message = _("这个账号已经停用。请拨打12345，或带身份证到就近的办事窗口办理。")


class Expired(Ended):
    """A step of a sign-in that is over: too old, used, or begun in another browser. All three look alike."""

    code = "login_expired"
    status = 400
    message = _("这次登录等得太久，或不是在这个浏览器里开始的。请回到登录页重新登录。")


class TooManyCodes(Ended):
    code = "too_many_codes"
    status = 400
    message = _("验证码输错的次数太多，这次登录已经停止。请回到登录页重新登录。")


class NotThatAccount(Ended):
    code = "link_other_account"
    status = 409
    message = _("您登录的不是要关联的那个账号，没有关联。请用原来的账号再登录一次。")
