"""The authorization code (RFC 6749 §4.1): spent by the database before anything is minted, and never twice.

Three statements in one transaction: claim the code, look at account and client, open the family. A code that was used
before ends the family it grew into instead (§4.1.2, RFC 9700 §4.5).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from sqlalchemy import Boolean, Connection, bindparam, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from idp.clients.registered import RegisteredClient
from idp.grant import AuthenticatedBefore, Grant
from idp.models.account import ACTIVE
from idp.settings import TokenSettings
from idp.tokens import families, possession
from idp.tokens.families import ACCOUNT, CLIENT, CODE, SESSION
from idp.tokens.id_tokens import IdTokens
from idp.tokens.mint import Grantee
from idp.tokens.pkce import S256
from idp.tokens.terms import Terms
from kernel import audit, clock, crypto, settings
from kernel.db import on_refusal
from kernel.ids import new_secret
from kernel.quick import Quick

FAPI_LIFE: Final = timedelta(seconds=60)  # FAPI 2.0 Security Profile §5.3.2.1


class Code:
    """A claimed code, as Authlib's hooks ask it."""

    code_challenge_method: Final = "S256"

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.code_challenge: str | None = row["code_challenge"]
        self.client_id: str = row["client_id"]
        self.account_id: str = row["account_id"]
        self.family_id: str = row["family_id"]
        self.session_id: str = row["session_id"]
        self.redirect_uri: str = row["redirect_uri"]
        self.scope: str = row["scope"]
        self.nonce: str | None = row["nonce"]
        self.sub: str = row["sub"]
        self.auth_time: datetime = row["auth_time"]
        self.acr: str = row["acr"]
        self.amr: str = row["amr"]
        self.terms = Terms.of(row["terms"])
        self.offline: bool = row["offline"]
        self.expires_at: datetime = row["expires_at"]

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


_CLAIM: Final = Quick(
    update(CODE)
    .where(CODE.c.code_hash == bindparam("hash"), CODE.c.used_at.is_(None))
    .values(used_at=bindparam("at"))
    .returning(*CODE.c)
)
_SPENT: Final = select(CODE.c.family_id).where(CODE.c.code_hash == bindparam("hash"))
# The session is asked for too: a code that was made in the moment of a logout is not among those that it spends.
_LEVEL: Final = Quick(
    select(ACCOUNT.c.level)
    .select_from(ACCOUNT)
    .join(CLIENT, CLIENT.c.id == bindparam("client"))
    .where(
        ACCOUNT.c.id == bindparam("account"),
        ACCOUNT.c.status == ACTIVE,
        CLIENT.c.disabled_at.is_(None),
        or_(bindparam("offline", type_=Boolean()), exists().where(SESSION.c.id == bindparam("session"))),
    )
)


class AuthorizationCodes(AuthenticatedBefore, AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    request: Any

    @property
    def _db(self) -> Session:
        db: Session = self.request.db
        return db

    @property
    def _connection(self) -> Connection:
        return self._db.connection()

    def create_authorization_response(
        self,
        redirect_uri: str,  # noqa: ARG002  # Authlib's signature; ``idp.authorize.answer`` sends it
        grant_user: Grantee,
    ) -> tuple[int, dict[str, str], list[tuple[str, str]]]:
        code = new_secret()
        self.request.user = grant_user
        self.save_authorization_code(code, self.request)
        return 200, {"code": code}, []

    def save_authorization_code(self, code: str, request: Any) -> None:
        grantee: Grantee = request.user
        sent = request.payload.data
        life = settings.of(TokenSettings).code_life
        if request.client.meta.fapi2:
            life = min(life, FAPI_LIFE)
        self._connection.execute(
            insert(CODE),
            {
                "code_hash": crypto.digest(code),
                "client_id": request.client.client_id,
                "account_id": grantee.account_id,
                "family_id": grantee.family_id,
                "session_id": grantee.session_id,
                "redirect_uri": sent["redirect_uri"],
                "code_challenge": sent.get("code_challenge"),
                "scope": request.scope,
                "nonce": sent.get("nonce"),
                "sub": grantee.sub,
                "auth_time": grantee.auth_time,
                "acr": grantee.acr,
                "amr": " ".join(grantee.amr),
                "terms": grantee.terms.kept(),
                "offline": grantee.offline,
                "expires_at": clock.now() + life,
            },
        )

    def query_authorization_code(self, code: str, client: RegisteredClient) -> Code:
        """Claim it. What is wrong with the request afterwards rolls the claim back: only a redemption spends a code."""
        digest = crypto.digest(code)
        row = _CLAIM.within(self._db, {"hash": digest, "at": clock.now()})
        if row is None:
            self._replayed(digest)
            raise InvalidGrantError("the code is not valid")
        claimed = Code(row)
        if claimed.client_id != client.client_id or clock.now() >= claimed.expires_at:
            raise InvalidGrantError("the code is not valid")
        if self.request.form.get("redirect_uri") != claimed.redirect_uri:
            raise InvalidGrantError("redirect_uri must be the one of the authorization request, byte by byte")
        possession.demand(claimed.terms.cnf, self.request.cnf)
        return claimed

    def _replayed(self, digest: str) -> None:
        family_id = self._connection.scalar(_SPENT, {"hash": digest})
        if family_id is None:
            return

        def end(db: Session) -> None:
            ended = families.end(db, family_id=family_id, reason="code_replay")
            audit.record(
                db, "token.code_replay", outcome="invalid_grant", subject=family_id, details={"families": ended}
            )

        on_refusal(self._db, end)

    def authenticate_user(self, authorization_code: Code) -> Grantee:
        """The person, if account, session and client are still good at this moment; opens the family."""
        code, client = authorization_code, self.request.client
        asked = {"account": code.account_id, "session": code.session_id, "offline": code.offline}
        found = _LEVEL.within(self._db, asked | {"client": client.client_id})
        if found is None:
            raise InvalidGrantError("the code is not valid")
        seed = families.new_seed() if client.check_grant_type("refresh_token") else None
        grantee = Grantee(
            account_id=code.account_id,
            family_id=code.family_id,
            sub=code.sub,
            session_id=code.session_id,
            auth_time=code.auth_time,
            acr=families.lower_acr(code.acr, found["level"]),
            amr=tuple(code.amr.split()),
            terms=self.kept_terms(code.terms),
            offline=code.offline,
            refresh_token=families.refresh_token(code.family_id, 0, seed) if seed else None,
        )
        families.open_family(self._db, grantee, client_id=client.client_id, scope=code.scope, seed=seed)
        return grantee

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It was spent before anything was minted, and stays, so that a second use is recognised."""


plugin = Grant(name="authorization_code", authlib=AuthorizationCodes, extensions=(S256(), IdTokens()))
