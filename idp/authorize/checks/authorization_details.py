"""``authorization_details`` (RFC 9396 §2): each judged by the plug-in of its type."""

from idp import authorization_detail
from idp.authorize.request import Draft


def check(draft: Draft) -> None:
    draft.authorization_details = authorization_detail.asked(draft.known_client, draft.get("authorization_details"))
