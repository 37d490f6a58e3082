"""A portal asks a person, who is not at it, to approve something within minutes."""

from datetime import datetime

from flask_babel import gettext as _

from kernel.format import time
from subscriptions.rule import Facts, Rule, Words


def _words(facts: Facts) -> Words:
    portal, until = facts["portal"], time(datetime.fromisoformat(facts["until"]))
    if "message" in facts:
        text = _(
            "您正在%(portal)s办事，对方给您的确认内容是“%(message)s”。请核对后在%(time)s前确认；不是您本人办的事，请点“不同意”。",
            portal=portal,
            message=facts["message"],
            time=until,
        )
    else:
        text = _(
            "您正在%(portal)s办事，请在%(time)s前确认；不是您本人办的事，请点“不同意”。", portal=portal, time=until
        )
    return Words(title=_("%(portal)s请您确认", portal=portal), text=text, action=_("去确认"))


plugin = Rule(name="approval_asked", topic=lambda: _("确认请求"), words=_words, icon="shield", urgent=True)
