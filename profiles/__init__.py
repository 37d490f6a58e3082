"""What the province knows about a party, who said it, and what became of it.

Flow: a department posts a batch (`feeds/`) → every record is stored as sent → it is interpreted into facts,
case events and certificates, each with its source → events of one case are folded into a state and a legal
clock (`cases/`) → the person's and the enterprise's pages read them → portals get the same values as claims.

`subscriptions` may import `profiles.contract` and `profiles.events`; `wiring` may import everything.
"""
