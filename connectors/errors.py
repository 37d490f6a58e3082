"""What can go wrong at a city: five answers, each with a sentence that tells the person what to do."""

from flask_babel import lazy_gettext as _

from kernel.errors import AppError, Text


class ConnectorError(AppError):
    """A sign-in at a city did not succeed.

    ``city`` is the city's name as people know it; ``detail`` is for the log and never carries a password, a
    secret, a token or an ID number.
    """

    code = "city_error"
    status = 502

    def __init__(self, city: str, detail: str) -> None:
        self.city = city
        super().__init__(message=self.sentence(), detail=detail)

    def sentence(self) -> Text:
        return _("%(city)s的登录没有成功。请改用其他方式登录。", city=self.city)


class BadCredentials(ConnectorError):
    """The account or the password is wrong; which of the two is never told."""

    code = "city_bad_credentials"
    status = 401

    def sentence(self) -> Text:
        return _("账号或密码不正确。请用您在%(city)s的账号，检查后再试。", city=self.city)


class UpstreamUnavailable(ConnectorError):
    """The city's system does not answer in time, or not at all. Counts for the circuit breaker."""

    code = "city_unavailable"
    status = 503

    def sentence(self) -> Text:
        return _("%(city)s的登录暂时用不了。请改用其他方式登录，或10分钟后再试。", city=self.city)


class SourceDisabled(UpstreamUnavailable):
    """The province has switched this city off."""

    code = "city_disabled"

    def sentence(self) -> Text:
        return _("%(city)s的登录已经停用。请改用其他方式登录。", city=self.city)


class UpstreamRefused(ConnectorError):
    """The city refused: the person gave up there, or the city does not accept this platform's own account."""

    code = "city_refused"
    status = 403

    def sentence(self) -> Text:
        return _("在%(city)s的登录没有完成。请回到登录页再试一次，或改用其他方式登录。", city=self.city)


class LoginExpired(UpstreamRefused):
    """The answer belongs to no login begun in this browser (RFC 6749 §10.12), or to one of long ago."""

    code = "city_login_expired"
    status = 400

    def sentence(self) -> Text:
        return _("这次登录等得太久，或不是在这个浏览器里开始的。请回到登录页，重新选择%(city)s。", city=self.city)


class BadAnswer(ConnectorError):
    """What the city answered breaks its protocol's rules; nothing of it is believed."""

    code = "city_bad_answer"

    def sentence(self) -> Text:
        return _("%(city)s发来的信息核对不上，为了安全没有登录。请再试一次，或改用其他方式登录。", city=self.city)


class NotEntitled(ConnectorError):
    """The city knows the person, but the account may not be used here."""

    code = "city_not_entitled"
    status = 403

    def sentence(self) -> Text:
        return _("您在%(city)s的账号现在不能登录。请联系当地的账号服务，或改用其他方式登录。", city=self.city)
