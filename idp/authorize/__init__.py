"""``/authorize`` (RFC 6749 §3.1): a list of named checks, then one place that decides what comes next.

1. ``routes`` reads the parameters; ``order`` runs the checks over a ``Draft``: who asks and where the answer goes
first.
2. A fault before the answer's address is certain is a page, never a redirect; after it, an error for the client
(``answer``).
3. ``pending`` keeps a request for this browser while the person signs in or decides on consent.
4. Every step of a login returns to ``/authorize/resume``; ``dispatch`` alone chooses what comes next.
5. ``complete`` hands the request to Authlib's grant, which saves the code.
"""
