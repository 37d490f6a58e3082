"""One check a file: ``check(draft)`` fills in its part of the draft or raises.

``PageFault`` stops at a page; Authlib's ``OAuth2Error`` becomes an answer to the client. ``idp.authorize.order``
lists them.
"""
