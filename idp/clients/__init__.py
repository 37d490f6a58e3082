"""Clients: their registration, their secrets, and how they show who they are.

``metadata`` checks what was asked for (RFC 7591), ``add`` writes it; ``registered`` is a client as requests see it,
from the process's cache; ``authentication`` tells which client a request is from. idp and its contract import this
package.
"""
