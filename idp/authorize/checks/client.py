"""``client_id`` names a client that is registered and enabled."""

from flask_babel import lazy_gettext as _

from idp.authorize.request import Draft, page_fault
from idp.clients import registered


def check(draft: Draft) -> None:
    given = draft.parameters.get("client_id", [])
    client = registered.find(given[0]) if len(given) == 1 else None
    if client is None:
        raise page_fault(
            "unknown_client",
            _("这个网站没有在本平台登记，或者登记已停用，不能用这里的账号登录。"),
            detail=f"client_id {given[:2]!a}",
        )
    draft.client = client
