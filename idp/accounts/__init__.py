"""Accounts: whose they are, what one types to name them, how far they are trusted, how they come to be.

``login_names`` turns what a person typed into a look-up value; ``identity`` normalises names and numbers and makes the
party key; ``create`` makes an account in the caller's transaction; ``levels`` recomputes its level from its own and its
live links; ``cli`` is the command ``flask users``. Only idp imports this package.
"""
