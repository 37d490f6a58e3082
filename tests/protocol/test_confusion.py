"""IDENTITY §5, JWT confusion and retargeting, as a matrix: everything we sign or hand out, at every place that takes a
token, is worth something at its own place alone; and no forged header helps it along.
"""

import base64
import hashlib
import hmac
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import func, select

from idp.clients.metadata import CIBA_GRANT, DEVICE_GRANT
from idp.models.token import TokenFamily
from idp.tokens import mint
from idp.tokens.algorithms import ALGORITHMS
from kernel.db import reading
from tests.protocol.fuzz_requests import EXCHANGE, Requests
from tests.protocol.parties import ISSUER, Pkce, landed
from tests.protocol.pushing import pushed
from tests.protocol.test_logout import leave

OURS = {
    "logout token": ("logout+jwt", {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
    "answer of /authorize": ("oauth-authz-resp+jwt", {"code": "x"}),
    "introspection": ("token-introspection+jwt", {"token_introspection": {"active": True}}),
    "userinfo": ("JWT", {"nonce": None}),
}


def b64(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forgeries(op, token):
    """``token`` as somebody would write it who has none of our keys (RFC 8725 §2)."""
    read = op.read(token)
    mine = ECKey.generate_key("P-256", {"kid": read.header["kid"]})
    public, body = mine.as_dict(private=False), b64(read.claims)
    tail = token.rpartition(".")[2]
    for alg in ("none", "None", "NONE", "nOnE"):
        yield f"{b64({**read.header, 'alg': alg})}.{body}."
        yield f"{b64({**read.header, 'alg': alg})}.{body}.{tail}"
    for jwk in op.machine.get("/jwks", base_url=ISSUER).json["keys"]:
        for secret in (ALGORITHMS[jwk["alg"]].read(jwk).as_pem(private=False), json.dumps(jwk).encode(), b""):
            head = f"{b64({**read.header, 'alg': 'HS256', 'kid': jwk['kid']})}.{body}"
            yield f"{head}.{b64(hmac.new(secret, head.encode(), hashlib.sha256).digest())}"
    places = [{"jwk": public}, {"jku": "https://evil.example/k"}, {"x5u": "https://evil.example/x"}, {"x5c": ["AAAA"]}]
    kids = ["../../../dev/null", "' UNION SELECT 'x' --", "", "x" * 3000, public["kid"]]
    for extra in (*places, *({"kid": kid} for kid in kids), {"crit": ["b64"], "b64": False}, {"crit": ["x"], "x": 1}):
        head = {"alg": "ES256", "typ": read.header["typ"], "kid": mine.kid} | extra
        signed = jwt.encode({"alg": "ES256"}, read.claims, mine).rpartition(".")[2]
        yield f"{b64(head)}.{body}.{signed}"
        yield f"{b64({**read.header, **extra, 'kid': extra.get('kid', 'x')})}.{body}.{tail}"


@pytest.fixture
def asked(op):
    return Requests(op)


@pytest.fixture
def person(asked):
    return asked.person


def opens(op, asked, token):
    """The places where ``token`` is taken for good."""
    portal, person = asked.portal, asked.person
    found = []
    if op.userinfo(token).status_code == 200:
        found.append("userinfo")
    shown = op.machine.post("/introspect", base_url=ISSUER, data={"token": token}, headers=portal.basic)
    if shown.json.get("active"):
        found.append("introspect")
    exchange = asked.make(f"token:{EXCHANGE}").form | {"subject_token": token}
    if op.token(headers=portal.basic, **{n: v for n, v in exchange.items() if v}).status_code == 200:
        found.append("exchange")
    if op.refresh(portal, token).status_code == 200:
        found.append("refresh")
    if op.redeem(portal, token, Pkce()).status_code == 200:
        found.append("code")
    for name, grant in (("device_code", DEVICE_GRANT), ("auth_req_id", CIBA_GRANT)):
        answer = op.token(headers=portal.basic, grant_type=grant, **{name: token})
        if answer.status_code == 200 or answer.json["error"] == "authorization_pending":
            found.append(name)
    hinted = person.authorize(portal, prompt="none", id_token_hint=token)
    if hinted.status_code == 303 and "code" in landed(hinted).answer:
        found.append("hint")
    form = {"scope": "openid", "id_token_hint": token}
    if op.machine.post("/bc-authorize", base_url=ISSUER, data=form, headers=portal.basic).status_code == 200:
        found.append("backchannel hint")
    if leave(op.visitor(), id_token_hint=token).status_code not in {400, 414}:
        found.append("logout hint")
    handle = token if token.startswith("urn:") else f"urn:ietf:params:oauth:request_uri:{token}"
    if person.get(f"/authorize?client_id={portal.client_id}&request_uri={handle}").status_code == 303:
        found.append("request_uri")
    if op.machine.get("/register/x", base_url=ISSUER, headers={"Authorization": f"Bearer {token}"}).status_code == 200:
        found.append("registration")
    if 'name="do"' in person.get(f"/device?user_code={token}").text:
        found.append("device page")
    return found


WHERE = {
    "access_token": ["userinfo", "introspect", "exchange"],
    "id_token": ["hint", "backchannel hint", "logout hint"],
    "refresh_token": ["introspect", "refresh"],
    "device_code": ["device_code"],
    "auth_req_id": ["auth_req_id"],
    "request_uri": ["request_uri"],
    "client_secret": [],
    "invitation": [],
}


@pytest.mark.parametrize("thing", sorted(WHERE))
def test_what_was_handed_out_opens_its_own_place_alone(op, asked, thing):
    tokens = op.tokens(asked.portal, asked.person)
    held = {
        **{name: tokens[name] for name in ("access_token", "id_token", "refresh_token")},
        "device_code": asked.make(f"token:{DEVICE_GRANT}").form["device_code"],
        "auth_req_id": asked.make(f"token:{CIBA_GRANT}").form["auth_req_id"],
        "request_uri": pushed(op, asked.portal),
        "client_secret": asked.portal.secret,
        "invitation": asked.invitation,
    }
    assert opens(op, asked, held[thing]) == WHERE[thing]


@pytest.mark.parametrize("kind", sorted(OURS))
@pytest.mark.parametrize("like", ["access_token", "id_token"])
def test_what_we_sign_for_another_purpose_opens_nothing(op, asked, kind, like):
    """With all the claims of a good token, signed by our own key: only its type tells."""
    typ, more = OURS[kind]
    claims = {name: value for name, value in (op.read(asked.tokens[like]).claims | more).items() if value is not None}
    if kind == "userinfo":
        claims = {name: claims[name] for name in ("iss", "aud", "sub")}
    assert opens(op, asked, mint.signed(claims, alg="ES256", typ=typ)) == []


@pytest.mark.parametrize("like", ["access_token", "id_token"])
def test_no_forged_header_makes_a_token(op, asked, like):
    token = asked.tokens[like]
    forged = list(forgeries(op, token))
    assert len(forged) > 40
    for one in forged:
        assert op.userinfo(one).status_code in {400, 401}, one
        shown = op.machine.post("/introspect", base_url=ISSUER, data={"token": one}, headers=asked.portal.basic)
        assert shown.json == {"active": False}, one
        assert leave(op.visitor(), id_token_hint=one).status_code in {400, 414}, one
        answer = asked.person.authorize(asked.portal, prompt="none", id_token_hint=one)
        assert answer.status_code in {303, 414}, one
        assert answer.status_code == 414 or landed(answer).answer["error"] == "invalid_request", one
        form = {"scope": "openid", "id_token_hint": one}
        asking = op.machine.post("/bc-authorize", base_url=ISSUER, data=form, headers=asked.portal.basic)
        assert asking.status_code == 400, one
        assert (
            op.machine.post("/revoke", base_url=ISSUER, data={"token": one}, headers=asked.portal.basic).status_code
            == 200
        )
    assert opens(op, asked, token) == WHERE[like]  # and none of them ended the good one
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(TokenFamily).where(TokenFamily.revoked_at.is_not(None))) == 0


def test_each_is_worth_nothing_at_another_client(op, asked):
    """Even at one of the same hosts, which knows people by the same names."""
    grants = ["authorization_code", "refresh_token", DEVICE_GRANT, CIBA_GRANT]
    other = op.portal(grant_types=grants, backchannel_token_delivery_mode="poll")
    for grant, name in ((DEVICE_GRANT, "device_code"), (CIBA_GRANT, "auth_req_id")):
        secret = asked.make(f"token:{grant}").form[name]
        assert op.token(other, grant_type=grant, **{name: secret}).json["error"] == "invalid_grant"
        assert op.token(asked.portal, grant_type=grant, **{name: secret}).json["error"] == "authorization_pending"
    form = {"scope": "openid", "id_token_hint": asked.tokens["id_token"]}
    assert op.machine.post("/bc-authorize", base_url=ISSUER, data=form, headers=other.basic).status_code == 400
    handle = pushed(op, asked.portal)
    stolen = asked.person.get(f"/authorize?client_id={other.client_id}&request_uri={handle}")
    assert stolen.status_code == 400
    assert "Location" not in stolen.headers
