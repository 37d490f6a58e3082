"""The ground floor: what every other package stands on and what knows none of them.

Settings are loaded once; a boundary (route, task, command) opens ``db.transaction()`` and passes the session
down; acts write rows, ``outbox.publish`` and ``audit.record`` in that same transaction; after the commit
``tasks.ring`` wakes a worker, which delivers the outbox, each handler in one transaction with its receipt;
what may be lost lives in ``keyvalue.store()``. Everybody may import kernel; kernel imports none of the
packages above it.
"""
