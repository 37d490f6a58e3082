"""Signing in: by a factor of the province's own account, or at a city.

1. ``pages`` shows the one page: the province's form beside the choice of cities; ``password`` counts, proves, finishes.
2. ``city`` hands over to a city and takes its answer back; ``linking`` follows the link there is, or keeps an arrival.
3. ``link_page`` asks once, and where the person has an account already, for its proof (``matching`` says which).
4. ``finish`` is the end of every way: the session, the audit, the events; then the browser goes where it wanted.

Only wiring imports it (``routes``, ``link_routes``).
"""
