"""What was agreed for tokens besides scopes: kept with the code, then with the family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """``resources``: whose interfaces the tokens may be used at (RFC 8707), all of ours where there are none.

    ``authorization_details``: RFC 9396 §2, as granted. ``id_token`` and ``userinfo``: the parts of the ``claims``
    request that were agreed to (OpenID Connect Core §5.5). ``cnf``: the key that holds the family, for clients that
    have no other proof (RFC 9449 §5, RFC 8705 §4). ``act``: who acts for the person (RFC 8693 §4.1). ``source``: the
    city whose word the sign-in stands on.
    """

    resources: Sequence[str] = ()
    authorization_details: Sequence[JsonObject] = ()
    id_token: JsonObject | None = None
    userinfo: JsonObject | None = None
    cnf: Mapping[str, str] | None = None
    act: JsonObject | None = None
    source: str | None = None

    def kept(self) -> dict[str, Any] | None:
        """For a JSON column; None where nothing was agreed."""
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in said.items() if value} or None

    @classmethod
    def of(cls, kept: JsonObject | None) -> Self:
        return cls(**kept) if kept else cls()


NONE = Terms()
