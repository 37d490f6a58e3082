"""Identity provider: who a person is, told to portals that the person chose.

1. A portal sends the browser to ``/authorize``: named checks, then login or consent if either is missing, then a
code.
2. ``/login`` finds the account: a password of the province, or a city's own sign-in through ``connectors``.
3. ``/token`` turns the code into tokens of one family; ``/userinfo`` hands over what was agreed to.
4. What ends a family (replay, withdrawal, logout) ends every token of it at once.
5. Claims come from whoever installed the ``ClaimsPort``.

``subscriptions`` and ``profiles`` import ``idp.contract`` and ``idp.events``; ``wiring`` imports what it lists;
nobody else.
"""
