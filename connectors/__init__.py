"""Connectors: the cities' own authentication systems, each one a row, each protocol one file.

Flow: a city is a row of ``city_source`` (``models``); its ``kind`` names a file in ``kinds/`` that speaks the
protocol. ``contract`` loads the row in one short read, asks the kind behind the city's circuit breaker
(``breaker``: a deadline, a bounded number of calls, open after repeated failures), then ``identity`` applies
the city's own rules (is it still enabled, how far is it trusted) to what came back. ``admin`` is the command
``flask cities``; ``form`` reads its files.

Only ``idp`` and ``wiring`` import this package, and only ``connectors.contract`` (``wiring`` also ``admin``).
"""
