"""Tokens: the keys they are signed with, how they are made, the families that end them, the claims they open.

``keys`` is the ring of signing keys; ``mint`` makes JWTs, ``check`` reads them; ``families`` holds what must be
known of a refresh token; ``subjects`` gives a person's name at a client; ``claims`` is what userinfo answers.
"""
