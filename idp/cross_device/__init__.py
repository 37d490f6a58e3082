"""Requests that a client makes on one device and a person decides on another: RFC 8628 (a kiosk, a television), CIBA
(a clerk's desk, a call centre).

1. ``begin`` writes the request and hands the client its secret; ``ask`` reads what both endpoints have in common.
2. ``pages`` shows it to the person, who must be signed in, and ``decide`` keeps the decision with all that tokens say.
3. ``poll`` is what both grants do when the client asks: wait, slow down, refused, or once and only once the tokens.
4. ``ping`` tells a CIBA client that it need not wait any longer; ``sweep`` forgets what is over.
"""
