"""Departments' reporting (数据报送): batches in, an answer for every record, nothing lost.

`endpoint.py` takes a batch → `intake.py` parses it by its `formats/` and stores every record as sent → `interpret.py`
reads the stored records in chunks through their family (`families/`) and writes facts, events, certificates and items
→ `report.py` tells the sender, record by record, in the sender's own column names. Interpretation can be run again from
the raw records at any time. Only `wiring` imports this package.
"""
