"""What Kapok costs, beside what it could cost at best and what a peer costs: ``make bench`` (docs/howto/benchmarks.md).

``floors`` are the parts nobody can do without; ``ours`` and ``inside`` are Kapok, ``peer`` is oidc-provider; ``behind``
measures all of them through a server, ``growth``, ``isolation`` and ``start`` what the goals ask besides; ``goals``
compares, ``report`` writes.
"""
