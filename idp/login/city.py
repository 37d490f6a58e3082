"""Signing in at a city: handing over and taking the answer back, or asking the city's directory.

No transaction is open while a city is asked.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from flask_babel import lazy_gettext as _

from connectors import contract as connectors
from connectors.contract import BadCredentials, City, LoginExpired, UpstreamIdentity
from idp import sessions
from idp.login import attempts, linking
from idp.login.attempts import Tries
from idp.login.destination import Destination
from idp.login.errors import Paused, WrongAnswer
from idp.login.finish import CITY_AMR, Way, finish
from kernel import context, crypto, keyvalue
from kernel.db import reading, transaction
from kernel.errors import Invalid
from kernel.web import public_url

HAND_OVER_SECONDS: Final = 15 * 60
LONGEST: Final = 256
LONGEST_PASSWORD_BYTES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """A sign-in that is at a city: what its protocol needs back, and where the person wanted to go."""

    saved: Mapping[str, str]
    destination: Destination


def hand_over(code: str, destination: Destination) -> str:
    """Begin at a city of style ``redirect``; the address to send the browser to.

    What ``begin`` wants kept is kept for this browser, this city and this one sign-in, so that two tabs do not disturb
    each other and an answer is of use in no other browser and at no other city.
    """
    started = connectors.begin(code, _callback(code))
    text = json.dumps({"saved": started.saved, "destination": asdict(destination)})
    keyvalue.store().set(_key(code, started.saved.get("state", "")), text, HAND_OVER_SECONDS)
    return started.redirect_url


def take_back(source: City, params: Mapping[str, str]) -> HandedOver:
    """What was kept for the sign-in that this answer belongs to; taken out once, before the city is asked anything.

    :raises LoginExpired: when this browser has begun nothing there that this could answer.
    """
    text = keyvalue.store().take(_key(source.code, params.get("state", "")))
    if text is None:
        raise LoginExpired(source.name, "nothing was begun in this browser at this city with this state")
    kept = json.loads(text)
    return HandedOver(saved=kept["saved"], destination=Destination(**kept["destination"]))


def complete(source: City, params: Mapping[str, str], kept: HandedOver) -> UpstreamIdentity:
    """Who signed in there."""
    return connectors.complete(source.code, params, kept.saved, _callback(source.code))


def ask_directory(source: City, form: Mapping[str, str]) -> UpstreamIdentity:
    """Account and password checked by a city of style ``password``; tries are counted as for our own accounts.

    :raises WrongAnswer: when the city says no.
    """
    username, password = form.get("account", "").strip(), form.get("password", "")
    faults = {}
    if not username or len(username) > LONGEST:
        faults["account"] = _("请填写您在城市网站的账号")
    if not password or len(password.encode("utf-8", "surrogatepass")) > LONGEST_PASSWORD_BYTES:
        faults["password"] = _("请填写密码")
    if faults:
        raise Invalid(faults)
    tries = _take(source, username)
    try:
        identity = connectors.sign_in(source.code, username, password)
    except BadCredentials as refused:
        if tries.left == 0:
            raise Paused(tries.until) from refused
        raise WrongAnswer(tries.left, detail=refused.detail) from refused
    except Exception:
        _give_back(tries)  # the city did not answer: nobody has tried a password
        raise
    with transaction() as db:
        attempts.forget(db, tries)
    return identity


def arrive(source: City, identity: UpstreamIdentity, destination: Destination) -> str:
    """Sign the person in, or keep what the city said and ask; the address to go on to.

    :raises Contradiction: when only a clerk can decide.
    """
    with transaction() as db:
        source = linking.live_city(db, source.code)
        found = linking.follow(db, source, identity)
        if found is None:
            arrival_id = linking.receive(db, source, identity, destination)
            return Destination(flow=destination.flow, next=destination.next, arrival=arrival_id).on("/link")
        account, link = found
        way = Way(
            method="city",
            level=link.level,
            amr=CITY_AMR,
            source_id=link.source_id,
            upstream_session=identity.session_hint,
        )
        finish(db, account, way, destination)
    return destination.url


def load(code: str) -> City:
    """The city of this code. Raises ``NotFound``."""
    with reading() as db:
        return connectors.city(db, code)


def _callback(code: str) -> str:
    return public_url(f"/login/city/{code}/callback")


def _key(code: str, state: str) -> str:
    return f"city:{sessions.current().browser}:{code}:{crypto.digest(state)}"


def _take(source: City, username: str) -> Tries:
    key = crypto.blind_index("login:city", f"{source.code}:{_same_to_a_directory(username)}")
    with transaction() as db:
        tries = attempts.take(db, key, address=context.actor().address, device=None)
    if not tries.allowed:
        raise Paused(tries.until)
    return tries


def _same_to_a_directory(username: str) -> str:
    """One text for all that a directory takes for the same name (RFC 4518 §2): or each spelling had tries of its own.

    Width, case, runs of spaces, and characters that are not seen make no difference there.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold())
    seen = "".join(c for c in plain if unicodedata.category(c) not in {"Cf", "Mn"})
    return " ".join(seen.split())


def _give_back(tries: Tries) -> None:
    with transaction() as db:
        attempts.give_back(db, (tries.own, *tries.shared))
