"""A department asks for a missing material: told at once, because the applicant's own deadline runs."""

from datetime import date

from flask_babel import gettext as _

from kernel.format import day
from subscriptions.rule import Facts, Rule, Words


def _words(facts: Facts) -> Words:
    due = facts.get("due")
    if due:
        text = _(
            "“%(title)s”需要补正材料，请在%(day)s前补交，否则本次申请可能终止。",
            title=facts["title"],
            day=day(date.fromisoformat(due)),
        )
    else:
        text = _("“%(title)s”需要补正材料。部门没有给出期限，请尽快补交。", title=facts["title"])
    return Words(title=_("“%(title)s”要补正材料", title=facts["title"]), text=text, action=_("查看办件"))


plugin = Rule(name="supplement_asked", topic=lambda: _("补正通知"), words=_words, icon="case")
