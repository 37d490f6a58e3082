"""Tokens that are worth something only with a key: DPoP (RFC 9449) and client certificates (RFC 8705).

``cnf`` (RFC 7800) is what a token says of its key: ``jkt`` the thumbprint of a proof's key, ``x5t#S256`` that of a
certificate.
"""

from collections.abc import Mapping
from typing import Final

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError

from idp.clients import certificate
from idp.clients.certificate import THUMBPRINT
from idp.clients.registered import RegisteredClient
from idp.tokens.dpop import InvalidProof, Proof

Cnf = Mapping[str, str]
JKT: Final = "jkt"


def presented(client: RegisteredClient, headers: Mapping[str, str], proof: Proof | None) -> Cnf | None:
    """The key that a token request proved to hold; None where it proved none and need not. Spends the proof.

    :raises OAuth2Error: where the client's tokens must have one.
    """
    meta, cnf = client.meta, {}
    if proof is not None:
        proof.serve(client)
        cnf[JKT] = proof.jkt
    elif meta.dpop_bound_access_tokens:
        raise InvalidProof("the client is registered with dpop_bound_access_tokens: send a DPoP proof")
    if meta.tls_client_certificate_bound_access_tokens or (meta.fapi2 and proof is None):
        shown = certificate.shown(headers)
        if shown is not None:
            cnf[THUMBPRINT] = shown.thumbprint
        elif meta.tls_client_certificate_bound_access_tokens:
            raise InvalidRequestError("the client's tokens are bound to certificates: show one on the connection")
        else:
            raise InvalidProof("FAPI 2.0 tokens are bound to a key: send a DPoP proof or show a certificate")
    return cnf or None


def demand(wanted: Cnf | None, cnf: Cnf | None) -> None:
    """That the request holds the key which a code or refresh token is bound to (RFC 9449 §5, §10).

    :raises InvalidGrantError: where it holds another or none.
    """
    if wanted and any((cnf or {}).get(name) != value for name, value in wanted.items()):
        raise InvalidGrantError("it is bound to a key: send a DPoP proof, or show the certificate, of that very key")


def fault(headers: Mapping[str, str], cnf: Cnf | None, proof: Proof | None) -> str | None:
    """Why an access token bound to ``cnf`` does not count in this request, in one ASCII clause; None if it does.

    ``proof`` is there where the token came by the scheme DPoP (RFC 9449 §7.1).
    """
    bound = (cnf or {}).get(JKT)
    if proof is None and bound is not None:
        return "the access token is bound to a key: send it by the scheme DPoP, with a proof"
    if proof is not None and bound is None:
        return "the access token is not bound to a key: send it by the scheme Bearer"
    if proof is not None and proof.jkt != bound:
        return "the access token is bound to another key than that of the proof"
    wanted = (cnf or {}).get(THUMBPRINT)
    if wanted is not None:
        shown = certificate.shown(headers)
        if shown is None or shown.thumbprint != wanted:
            return "the access token is bound to the certificate of a client: show it on the connection"
    return None
