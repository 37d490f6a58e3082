"""Whatever metadata is sent, it is registered as it was told or refused by its member's name."""

from hypothesis import given
from hypothesis import strategies as st

from idp.clients.metadata import LOCALIZED, OPERATORS, Metadata
from tests.protocol.fuzzing import FUZZ, NASTY
from tests.protocol.registrar import GOOD, invite, manage, register, replacing

MEMBERS = [*sorted(Metadata.model_fields), *(f"{name}#en" for name in sorted(LOCALIZED)), "client_id", "x"]
LIKELY = st.sampled_from(
    [
        "https://a.gov.cn/cb",
        "http://127.0.0.1/cb",
        "none",
        "private_key_jwt",
        "RS256",
        "ES256",
        "fapi2",
        "ping",
        "openid",
    ]
)
LEAF = st.one_of(st.sampled_from(NASTY), LIKELY, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False))
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["keys", "kty", "n", "x"]), inner),
    max_leaves=6,
)
REFUSALS = {"invalid_client_metadata", "invalid_redirect_uri", "invalid_software_statement"}
METADATA = st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=5)


def test_register_and_replace(op, load_settings, database):
    load_settings(DATABASE_URL=database, REGISTRATION_TRIES="100000")
    token = invite()
    mine = register(op, token).json

    @FUZZ
    @given(METADATA)
    def check(sent):
        for response in (
            register(op, token, raw=GOOD | sent),
            manage(op, mine, "PUT", json=replacing(mine) | sent),
        ):
            assert response.status_code in {200, 201, 400}, (sent, response.text)
            answer = response.json
            if response.status_code == 400:
                assert answer["error"] in REFUSALS
                assert answer["error_description"].isascii()
            else:
                assert not {name for name in OPERATORS - {"require_pkce"} if answer.get(name)}
                assert answer["require_pkce"] is True

    check()
