"""ID tokens in token answers: Authlib's extension decides when one is due, ``mint`` says what is in it."""

from typing import Any

from authlib.oidc.core.grants.code import OpenIDToken

from idp.tokens import claims, encrypt, mint


class IdTokens(OpenIDToken):  # type: ignore[misc]  # Authlib has no types
    """For every grant that answers for a person who signed in with the scope ``openid``.

    On refresh ``auth_time``, ``acr``, ``amr`` and ``sid`` stay those of the sign-in and there is no nonce
    (OpenID Connect Core §12.2).
    """

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        code, client = request.authorization_code, request.client
        made = mint.id_token(
            client_id=client.client_id,
            alg=client.meta.id_token_signed_response_alg,
            grantee=request.user,
            nonce=code.nonce if code else None,
            access_token=token["access_token"],
            about=claims.for_id_token(request.db, request.user, client),
        )
        alg = client.meta.id_token_encrypted_response_alg
        if alg is None:
            return made
        return encrypt.to(client, made, alg=alg, enc=client.meta.id_token_encrypted_response_enc)
