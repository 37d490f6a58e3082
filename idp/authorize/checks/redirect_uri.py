"""``redirect_uri`` is one of the client's, byte by byte (RFC 9700 §4.1.3). From here on errors go to it, before
nothing does.
"""

from flask_babel import lazy_gettext as _

from idp.authorize.request import Draft, PageFault, page_fault


def check(draft: Draft) -> None:
    given = draft.parameters.get("redirect_uri", [])
    if draft.fault is not None and not given:
        raise page_fault("invalid_request_object", PageFault.message, detail=draft.fault.get_error_description())
    if len(given) != 1 or not draft.known_client.check_redirect_uri(given[0]):
        raise page_fault(
            "redirect_uri_not_registered",
            _("这个网站要求登录后返回的地址没有登记，为了您的安全，登录没有开始。请联系该网站。"),
            detail=f"redirect_uri {given[:2]!a} of client {draft.known_client.client_id}",
        )
    draft.redirect_uri = given[0]
