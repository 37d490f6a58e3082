"""Our own signing and checking beside joserfc's, which judges both."""

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.tokens.signer import ACCESS, Checker, Signer

CLAIMS = {"iss": "https://id.example.org", "sub": "陈", "exp": 4_000_000_000, "amr": ["pwd", "otp"]}


def made(kind, size):
    return kind.import_key({**kind.generate_key(size).as_dict(private=True), "kid": "one"})


KEY = made(ECKey, "P-256")
TOKEN = Signer("ES256", KEY).token(CLAIMS, typ=ACCESS)
SIGNED, _, SIGNATURE = TOKEN.encode().rpartition(b".")


@pytest.mark.parametrize(
    ("alg", "kind", "size"),
    [("ES256", ECKey, "P-256"), ("RS256", RSAKey, 2048), ("PS256", RSAKey, 2048), ("EdDSA", OKPKey, "Ed25519")],
    ids=["ES256", "RS256", "PS256", "EdDSA"],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_what_we_sign_another_library_verifies(alg, kind, size):
    key = made(kind, size)
    signer = Signer(alg, key)
    for _ in range(300 if alg == "ES256" else 1):  # one r or s in 256 is shorter than its 32 bytes
        read = jwt.decode(signer.token(CLAIMS, typ=ACCESS), key, algorithms=[alg])
        assert (read.claims, read.header) == (CLAIMS, {"typ": ACCESS, "alg": alg, "kid": "one"})


def checker(key=KEY):
    return Checker("one", key, typ=ACCESS)


def test_what_another_library_signs_we_check():
    for _ in range(300):
        token = jwt.encode({"typ": ACCESS, "alg": "ES256", "kid": "one"}, CLAIMS, KEY)
        signed, _, signature = token.encode().rpartition(b".")
        assert checker().claims(signed, signature) == CLAIMS
    assert signed.partition(b".")[0] == checker().head


def altered(raw, at=0):
    """The segment with one bit of its content turned."""
    content = bytearray(base64.urlsafe_b64decode(raw + b"=="))
    content[at] ^= 1
    return base64.urlsafe_b64encode(bytes(content)).rstrip(b"=")


def content(claims):
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")


@pytest.mark.parametrize(
    ("signed", "signature"),
    [
        (SIGNED, altered(SIGNATURE)),
        (SIGNED, altered(SIGNATURE, 40)),
        (checker().head + b"." + content({**CLAIMS, "sub": "other"}), SIGNATURE),
        (SIGNED, SIGNATURE[:-2]),
        (SIGNED, SIGNATURE + b"AAAA"),
        (SIGNED, SIGNATURE + b"=="),
        (SIGNED, b"\n" + SIGNATURE),
        (SIGNED, b"+" + SIGNATURE[1:]),
        (SIGNED, b"A" * 86),
        (SIGNED, b"_" * 86),
        (SIGNED, b""),
        (b"", SIGNATURE),
        (checker().head, SIGNATURE),
    ],
    ids=["r", "s", "claims", "short", "long", "padded", "space", "alphabet", "zero", "most", "none", "empty", "head"],
)
def test_nothing_but_the_very_signature_is_taken(signed, signature):
    assert checker().claims(SIGNED, SIGNATURE) == CLAIMS
    assert checker().claims(signed, signature) is None


def test_another_key_of_the_same_name_is_not_ours():
    assert checker(made(ECKey, "P-256")).claims(SIGNED, SIGNATURE) is None
