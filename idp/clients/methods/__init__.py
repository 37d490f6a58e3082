"""One file a client authentication method; see ``idp.clients.method``. They never import one another."""
