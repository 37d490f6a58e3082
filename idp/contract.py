"""What idp offers the packages above it. Nothing else of idp may be imported from outside, except ``idp.events``."""

from idp.bearer import Bearer, BearerRefused, bearer
from idp.claims import ClaimLine, ClaimsPort, JsonValue, Only, install_claims
from idp.clients.add import register_machine_client
from idp.clients.info import ClientInfo, account_of, client
from idp.contacts import Contact, contact_of, contacts_of
from idp.cross_device.decide import count_asked_of as approvals_waiting
from idp.resource import Api
from idp.viewer import Viewer, maybe_viewer, viewer

__all__ = [
    "Api",
    "Bearer",
    "BearerRefused",
    "ClaimLine",
    "ClaimsPort",
    "ClientInfo",
    "Contact",
    "JsonValue",
    "Only",
    "Viewer",
    "account_of",
    "approvals_waiting",
    "bearer",
    "client",
    "contact_of",
    "contacts_of",
    "install_claims",
    "maybe_viewer",
    "register_machine_client",
    "viewer",
]
