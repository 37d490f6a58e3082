"""One file an endpoint; see ``idp.endpoint``."""
