"""Answers of ``/authorize`` as HTTP. Redirects are 303: a browser never repeats a form at another site (RFC 9700
§4.12).
"""

from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Response

from idp.authorize.redirection import redirection
from idp.authorize.request import PageFault


def go(address: str) -> Response:
    """On to ``address``, byte by byte; nothing of it in a cache or in a referrer."""
    return Response(
        status=303,
        headers={"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )


def refuse(error: OAuth2Error) -> Response:
    """The error to the client (RFC 6749 §4.1.2.1), with ``state`` and ``iss``; a page where there is no address for
    it.
    """
    if error.redirect_uri is None:
        raise PageFault(detail=f"{error.error}: {error.get_error_description()}")
    told = {"error": error.error, "error_description": error.get_error_description() or None}
    return go(redirection(error.redirect_uri, {**told, "state": error.state}))
