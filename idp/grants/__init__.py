"""One file a grant; see ``idp.grant``. Nothing here imports another grant."""
