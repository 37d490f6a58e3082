"""The language of the pages of a flow (``ui_locales``): for people who have chosen none themselves."""

from idp.sessions import BrowserSession
from kernel import i18n


def suggest(session: BrowserSession, ui_locales: str | None) -> None:
    """From the next page on, until the flow is answered. Languages that are not offered are passed over."""
    found = i18n.first_of((ui_locales or "").split())
    if found is not None:
        session[i18n.SUGGESTED] = found


def forget(session: BrowserSession) -> None:
    session.pop(i18n.SUGGESTED, None)
