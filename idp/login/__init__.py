"""Signing in: by a factor of the province's own account, or at a city.

1. ``pages`` shows the one page: the province's form beside the choice of cities; ``password`` counts, proves, finishes.
2. ``city`` hands over to a city and takes the answer back; ``arrive`` finds the link, or makes an ``Arrival`` for ``link``.
3. ``link`` asks once, and where the person has an account already, asks for its proof (``matching`` says which).
4. ``finish`` is the end of every way: the session, the audit, the events; then the browser goes where it wanted.

Only wiring imports this package (``login.routes``), and idp itself.
"""
