"""Tables of idp, one aggregate a file. Only idp imports them; others ask ``idp.contract``."""
