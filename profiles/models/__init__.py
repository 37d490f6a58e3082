"""The tables of `profiles`, one aggregate a file. Other packages know them only through `profiles.contract`.

A batch (`raw.py`) is interpreted into facts (`fact.py`), case events (`case.py`), certificates and service
items. `party_key` is the blind index of id type and number: data fed before a first login is found by it.
"""
