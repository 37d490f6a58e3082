"""The portal that a sign-in is for, as its pages need to know it."""

from dataclasses import dataclass

from idp import sessions
from idp.authorize import pending
from idp.clients import registered
from idp.login.destination import Destination
from idp.login.errors import Expired
from kernel import headers, i18n


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """``creating``: it sends somebody who has no account yet (``prompt=create``)."""

    name: str
    redirect_uri: str
    login_hint: str | None
    city_hint: str | None
    creating: bool
    logo_uri: str | None
    policy_uri: str | None
    tos_uri: str | None


def of(destination: Destination) -> Portal | None:
    """Who sent this browser here; None where nobody did.

    :raises Expired: for a flow that is not this browser's, or that is over.
    """
    if destination.flow is None:
        return None
    asked = pending.get(sessions.current(), destination.flow)
    client = registered.find(asked.client_id) if asked is not None else None
    if asked is None or client is None:
        raise Expired
    lang = i18n.tag()
    return Portal(
        name=client.meta.said("client_name", lang) or client.name,
        redirect_uri=asked.redirect_uri,
        login_hint=asked.login_hint,
        city_hint=asked.city_hint,
        creating="create" in asked.prompt,
        logo_uri=client.meta.said("logo_uri", lang),
        policy_uri=client.meta.said("policy_uri", lang),
        tos_uri=client.meta.said("tos_uri", lang),
    )


def let_forms_end_there(portal: Portal | None, destination: Destination) -> None:
    """A form of this page may end in a redirect to the portal, at once or by way of pages of ours that ask nothing
    more; browsers hold that against its policy. The same for the sign of the portal that the page names.
    """
    if portal is not None:
        headers.allow_form_target(portal.redirect_uri)
        if portal.logo_uri is not None:
            headers.allow_image(portal.logo_uri)
    elif (asked := pending.get(sessions.current(), destination.last_flow)) is not None:
        headers.allow_form_target(asked.redirect_uri)
