"""The mail folder of the demo, for developers; not mounted outside demo mode."""

from flask import render_template

from kernel.errors import NotFound
from kernel.web import Access, blueprint
from subscriptions.mail import folder

pages = blueprint("mail_folder", __name__, access=Access.PUBLIC, url_prefix="/demo/mail")


@pages.get("")
def index() -> str:
    """What would have been sent, newest first."""
    place = folder.place()
    if place is None:
        raise NotFound
    return render_template("subscriptions/mail_folder.html", mails=list(folder.newest(place)), place=place)
