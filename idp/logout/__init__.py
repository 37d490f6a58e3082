"""Signing out, here and at the portals that were entered with the same session.

1. ``routes`` is our own page: asks, ends the session, and shows which portals confirmed.
2. ``end_session`` is the portals' way here (OpenID Connect RP-Initiated Logout): ``request`` judges what they sent.
3. ``tell`` finds the portals of an ended session and queues what they are to be told; ``login_sessions.end`` calls
   it, so no way of ending a session forgets them.
4. ``send`` tells them by back channel, again and again until they confirm; ``front`` by frames in the browser.
"""
