"""Certificates and approvals (证照、批文): the newest reported version of each, and its state today.

`record.py` keeps what a feed tells (the higher version wins) and publishes what is new → `read.py` answers the
pages, nearest expiry first. Other packages ask `profiles.contract`.
"""
