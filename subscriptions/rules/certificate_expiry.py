"""A certificate is about to lapse: 60, 30 and 7 days before (DESIGN 7.6; the nearest step only, never all at once)."""

from datetime import date

from flask_babel import gettext as _

from kernel.format import day
from subscriptions.rule import Facts, Rule, Words


def _words(facts: Facts) -> Words:
    until = day(date.fromisoformat(facts["valid_to"]))
    return Words(
        title=_("%(name)s将在%(day)s到期", name=facts["name"], day=until),
        text=_(
            "%(issuer)s签发的%(name)s，有效期到%(day)s。需要继续使用的，请在到期前办理延续或换证；已经在办的，不用理会这条提醒。",
            issuer=facts["issuer"],
            name=facts["name"],
            day=until,
        ),
        action=_("查看证照"),
    )


plugin = Rule(
    name="certificate_expiry",
    topic=lambda: _("证照到期"),
    words=_words,
    icon="card",
    days_before=(60, 30, 7),
)
