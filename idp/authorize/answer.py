"""Answers of ``/authorize`` as HTTP, in the response mode that was asked for.

Redirects are 303: a browser never repeats a form at another site (RFC 9700 §4.12).
"""

from collections.abc import Mapping
from typing import Final

from authlib.oauth2 import OAuth2Error
from flask import Response, make_response, render_template

from idp import oauth_errors
from idp.authorize import jarm
from idp.authorize.redirection import redirection
from idp.authorize.request import Back
from idp.tokens import mint
from kernel import headers

KEPT_SECRET: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
# A policy of no-referrer or same-origin would send the form with "Origin: null"; clients compare it with the issuer.
POSTED: Final = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}


def go(address: str) -> Response:
    """On to ``address``, byte by byte; nothing of it in a cache or in a referrer."""
    return Response(status=303, headers={"Location": address, **KEPT_SECRET})


def send(back: Back, answer: Mapping[str, str]) -> Response:
    """The answer to the client, with ``state`` and ``iss`` (RFC 9207 §2; in a JWT it is a claim of it)."""
    told = {**answer, **({"state": back.state} if back.state is not None else {})}
    if back.mode.endswith("jwt"):
        told = {"response": jarm.response(back.client, told)}
    else:
        told["iss"] = mint.issuer()
    if back.mode.startswith("form_post"):
        return _form(back, told)
    return go(redirection(back.redirect_uri, told))


def refuse(error: OAuth2Error, back: Back) -> Response:
    """The error to the client (RFC 6749 §4.1.2.1), with the page that tells its developer about it."""
    told = {
        "error": error.error,
        "error_description": error.get_error_description(),
        "error_uri": oauth_errors.uri(error.error),
    }
    return send(back, {name: text for name, text in told.items() if text})


def _form(back: Back, told: Mapping[str, str]) -> Response:
    """A page whose form goes on by itself (OAuth 2.0 Form Post Response Mode §2), or by its button."""
    headers.allow_form_target(back.redirect_uri)
    headers.allow_forms_to_go_on()
    page = make_response(
        render_template("idp/form_post.html", target=back.redirect_uri, told=told, portal=back.client.name)
    )
    page.headers.update(POSTED)
    return page
