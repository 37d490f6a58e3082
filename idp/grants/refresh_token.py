"""Refresh tokens (RFC 6749 §6), rotated at every use (RFC 9700 §4.14.2). Two statements in one transaction, three for
a sign-in at a city.

Who presents an older token than the one before last, or that one too late, holds a copy: the family ends. Within
the grace the very last one gets the same successor again, because an answer may be lost and two tabs may race. Under
FAPI 2.0 nothing is rotated (§5.3.2.1): the client's key protects the token, and a lost answer loses nothing.
"""

from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from sqlalchemy.orm import Session

from idp.clients.registered import RegisteredClient
from idp.grant import AuthenticatedBefore, Grant
from idp.settings import TokenSettings
from idp.tokens import families, possession
from idp.tokens.families import Standing
from idp.tokens.id_tokens import IdTokens
from idp.tokens.mint import Grantee
from idp.tokens.terms import Terms
from kernel import audit, clock, settings
from kernel.db import on_refusal

REFUSED: Final = "the refresh token is not valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """A refresh token that was spent a moment ago, and the generation of its successor."""

    family: Standing
    generation: int

    def check_client(self, client: RegisteredClient) -> bool:
        return self.family.client_id == client.client_id

    def get_scope(self) -> str:
        return self.family.scope


class RefreshTokens(AuthenticatedBefore, RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    INCLUDE_NEW_REFRESH_TOKEN = True
    request: Any

    def authenticate_refresh_token(self, refresh_token: str) -> Rotated:
        db: Session = self.request.db
        claimed = families.presented(refresh_token)
        family = families.standing(db, claimed[0]) if claimed else None
        if claimed is None or family is None or not families.genuine(refresh_token, family, claimed[1]):
            raise InvalidGrantError(REFUSED)
        if family.client_id != self.request.client.client_id or not family.live:
            raise InvalidGrantError(REFUSED)
        if clock.now() - family.rotated_at >= settings.of(TokenSettings).refresh_idle:
            raise InvalidGrantError(REFUSED)
        self._fits(db, Terms.of(family.terms))
        return self._spent(db, family, claimed[1])

    def _fits(self, db: Session, terms: Terms) -> None:
        possession.demand(terms.cnf, self.request.cnf)
        if not families.source_stands(db, terms):
            raise InvalidGrantError("the place where the person signed in is switched off")

    def _spent(self, db: Session, family: Standing, generation: int) -> Rotated:
        if generation == family.generation:
            stays = self.request.client.meta.fapi2
            if (families.touch if stays else families.advance)(db, family.id, generation):
                return Rotated(family=family, generation=generation + (not stays))
            again = families.standing(db, family.id)  # another request was quicker, a moment ago
            if again is None or not again.live:
                raise InvalidGrantError(REFUSED)
            family = again
        if not _within_grace(family, generation):
            self._reused(db, family.id, generation)
            raise InvalidGrantError(REFUSED)
        return Rotated(family=family, generation=family.generation)

    def _reused(self, db: Session, family_id: str, generation: int) -> None:
        def end(fresh: Session) -> None:
            ended = families.end(fresh, family_id=family_id, reason="refresh_reuse")
            details = {"generation": generation, "families": ended}
            audit.record(fresh, "token.refresh_reuse", outcome="invalid_grant", subject=family_id, details=details)

        on_refusal(db, end)

    def authenticate_user(self, refresh_token: Rotated) -> Grantee:
        family = refresh_token.family
        assert family.seed is not None
        return Grantee(
            account_id=family.account_id,
            family_id=family.id,
            sub=family.sub,
            session_id=family.session_id,
            auth_time=family.auth_time,
            acr=family.present_acr,
            amr=tuple(family.amr.split()),
            terms=Terms.of(family.terms),
            offline=family.offline,
            refresh_token=families.refresh_token(family.id, refresh_token.generation, family.seed),
        )

    def issue_token(self, user: Grantee, refresh_token: Rotated) -> dict[str, Any]:
        self.request.user = user
        token: dict[str, Any] = super().issue_token(user, refresh_token)
        return token

    def revoke_old_credential(self, refresh_token: Rotated) -> None:
        """It was spent before anything was minted."""


def _within_grace(family: Standing, generation: int) -> bool:
    grace = settings.of(TokenSettings).refresh_grace
    return generation == family.generation - 1 and clock.now() - family.rotated_at < grace


plugin = Grant(name="refresh_token", authlib=RefreshTokens, extensions=(IdTokens(),))
