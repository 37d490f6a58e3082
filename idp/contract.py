"""What idp offers the packages above it. Nothing else of idp may be imported from outside, except ``idp.events``."""

from idp.claims import ClaimLine, ClaimsPort, JsonValue, install_claims
from idp.contacts import Contact, contacts_of
from idp.viewer import Viewer, maybe_viewer, viewer

__all__ = [
    "ClaimLine",
    "ClaimsPort",
    "Contact",
    "JsonValue",
    "Viewer",
    "contacts_of",
    "install_claims",
    "maybe_viewer",
    "viewer",
]
