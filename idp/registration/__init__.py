"""Dynamic registration over HTTP (RFC 7591) and its management by the client itself (RFC 7592).

Nobody registers without an invitation of an operator (an initial access token), and nobody gives oneself a right by
registering: ``policy`` says what may be asked for over HTTP, ``idp.clients`` checks the metadata as it does for files.
"""
