"""What a request asks a person for: whole scopes, and single claims by their names (OpenID Connect Core §5.5)."""

from dataclasses import dataclass

from idp import scopes
from idp.authorize.request import AuthorizeRequest
from idp.claims_request import PLACES, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``claims`` are those that none of ``scopes`` hands over anyway. False where nothing is wanted."""

    scopes: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.scopes or self.claims)

    @property
    def all_claims(self) -> frozenset[str]:
        """Everything that would be handed over."""
        return scopes.claims(self.scopes) | self.claims


def of(request: AuthorizeRequest, *, offline: bool) -> Wanted:
    """What the request asks for. Who agrees to a claim agrees to what only describes it.

    ``offline_access`` is passed over unless the person is asked in this request or, ``offline``, was before (OpenID
    Connect Core §11).
    """
    named = {scopes.ALONG.get(name, name) for place in PLACES for name in request.claims.get(place, {})}
    passed_over = frozenset() if offline or "consent" in request.prompt else {scopes.OFFLINE}
    return Wanted(scopes=request.scopes - passed_over, claims=frozenset(named) - scopes.claims(request.scopes))


def essential(request: AuthorizeRequest) -> frozenset[str]:
    """The claims without which, the client says, it cannot do what the person came for."""
    return frozenset(
        scopes.ALONG.get(name, name)
        for place in PLACES
        for name, wish in request.claims.get(place, {}).items()
        if wish.get("essential")
    )


def details_settled(account_id: str) -> str:
    """The step of a flow in which this person agreed to its authorization details. They are agreed to each time (RFC
    9396), so nothing else remembers it.
    """
    return f"details:{account_id}"


def agreed(request: AuthorizeRequest, place: str, given: Wanted) -> dict[str, Wish] | None:
    """The wishes for ``place`` that may be fulfilled; None without any."""
    open_names = given.all_claims
    wishes = request.claims.get(place, {})
    return {n: wish for n, wish in wishes.items() if scopes.ALONG.get(n, n) in open_names} or None
