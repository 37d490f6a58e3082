"""Which interfaces a token can be made for (RFC 8707): ours, and those that registered clients named as theirs.

A token that is made for an interface is worth nothing at another one. Without ``resource`` it is for the issuer, which
stands for all our own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error

from idp import scopes
from idp.clients import registered
from idp.clients.registered import RegisteredClient
from idp.tokens import mint

MOST: Final = 10
MOST_CHARACTERS: Final = 400
METADATA: Final = "/.well-known/oauth-protected-resource"


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 8707 §2."""

    error = "invalid_target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One of our own interfaces: everything at ``path`` and below it, opened by ``scopes``.

    ``by_form``: it takes the token in a form too (RFC 6750 §2.2).
    """

    name: str
    path: str
    scopes: Callable[[], Sequence[str]]
    by_form: bool = False


_OWN: Final = (Api(name="UserInfo", path="/userinfo", scopes=lambda: tuple(scopes.PERSONAL), by_form=True),)
_installed: tuple[Api, ...] = ()


def install_apis(apis: Sequence[Api]) -> None:
    """Wiring names the interfaces of the floors above."""
    global _installed  # noqa: PLW0603  # one list a process
    _installed = tuple(apis)


def apis() -> tuple[Api, ...]:
    """Our own interfaces that a token can be restricted to."""
    return (*_OWN, *_installed)


def uri(api: Api) -> str:
    return mint.issuer() + api.path


def api_at(path: str) -> Api | None:
    """The interface that answers at ``path`` of ours."""
    return next((api for api in apis() if path == api.path or path.startswith(f"{api.path}/")), None)


def accepted_at(path: str) -> tuple[str, ...]:
    """The audiences that open the interface at ``path``: the issuer, and the interface itself."""
    api = api_at(path)
    return (mint.issuer(),) if api is None else (mint.issuer(), uri(api))


def metadata_url(path: str) -> str:
    """Where the metadata of the interface at ``path`` is, for challenges (RFC 9728 §5.1)."""
    api = api_at(path)
    return f"{mint.issuer()}{METADATA}{api.path if api else ''}"


def known(resource: str) -> bool:
    """Whether a token can be made for it. A client's is known everywhere half a minute after it was registered."""
    return is_ours(resource) or bool(registered.owners(resource))


def is_ours(resource: str) -> bool:
    return resource == mint.issuer() or any(resource == uri(api) for api in apis())


def asked(client: RegisteredClient, value: str | None) -> tuple[str, ...]:
    """The resources of a request; several came as one value, with spaces between (no URI has any). None: empty.

    :raises InvalidTargetError: naming what is wrong, for the developer of the client.
    """
    named = tuple(dict.fromkeys((value or "").split()))
    if len(named) > MOST:
        raise InvalidTargetError(f"at most {MOST} resources in one request")
    for each in named:
        if why := fault(each):
            raise InvalidTargetError(f"resource {why}")
        if not known(each) and each not in client.meta.resource_uris:
            raise InvalidTargetError("resource is not an interface of this server nor of a client registered here")
    return named


def fault(resource: str) -> str | None:
    """What is wrong with a resource indicator as such (RFC 8707 §2); None where nothing is."""
    if len(resource) > MOST_CHARACTERS or not resource.isascii() or not resource.isprintable():
        return f"must be an absolute URI of at most {MOST_CHARACTERS} ASCII characters"
    try:
        parts = urlsplit(resource)
    except ValueError:
        parts = None
    if parts is None or not parts.scheme or "#" in resource or not (parts.netloc or parts.path):
        return "must be an absolute URI without a fragment"
    return None


def narrowed(wanted: Iterable[str], granted: Sequence[str]) -> tuple[str, ...]:
    """What of ``granted`` (nothing: all our own) a token request wants; all of it where it does not say (§2.2).

    :raises InvalidTargetError: for one that was not granted.
    """
    chosen = tuple(wanted)
    all_ours = not granted or mint.issuer() in granted
    for each in chosen:
        if each not in granted and not (all_ours and is_ours(each)):
            raise InvalidTargetError("resource was not part of what was granted")
    return chosen or tuple(granted)
