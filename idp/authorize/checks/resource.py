"""``resource`` (RFC 8707 §2): the interfaces that the tokens shall be for. It may come several times."""

from idp import resource
from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    draft.resources = resource.asked(draft.known_client, " ".join(draft.every("resource")))
