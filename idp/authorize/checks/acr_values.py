"""``acr_values``, or what the client registered as its ``default_acr_values``: levels that it would like, the best
liked first.

Voluntary, so values that are no levels of ours are passed over (OpenID Connect Core §3.1.2.1). The ``claims``
parameter, checked later, may say the same more strictly.
"""

from collections.abc import Iterable

from idp.accounts import levels
from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    text = draft.get("acr_values")
    draft.wanted_acr = known(draft.known_client.meta.default_acr_values if text is None else text.split())


def known(values: Iterable[object]) -> tuple[str, ...]:
    """The levels among ``values``, each once, in their order."""
    return tuple(dict.fromkeys(one for one in values if isinstance(one, str) and one in levels.ACR))
