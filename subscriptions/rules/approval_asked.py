"""A portal asks a person, who is not at it, to approve something within minutes."""

from flask_babel import gettext as _

from subscriptions.rule import Facts, Rule, Words


def _words(facts: Facts) -> Words:
    return Words(
        title=_("%(portal)s请您确认", portal=facts["portal"]),
        text=_("您正在那里办事，请在10分钟内确认；不是您本人办的事，请点“不同意”。"),
        action=_("去确认"),
    )


plugin = Rule(name="approval_asked", topic=lambda: _("确认请求"), words=_words, icon="shield", urgent=True)
