"""Cases (办件): events as departments report them, folded into a state and a legal clock.

`events.py` names the event kinds → `store.py` keeps the winning version of each event → `fold.py` folds the set
of a case's events by business time → `clock.py` counts its days on the `calendar.py` → `read.py` answers the pages.
The fold and the clock are pure functions: same set, same answer, whatever the order of arrival.
`profiles` only.
"""
