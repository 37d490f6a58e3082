"""The claims parameter as text: what is read of it, and what a developer is told is wrong with it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims import Only
from idp.claims_request import Malformed, parse


def test_places_are_kept_apart_and_unknown_members_left_out():
    asked = parse(
        json.dumps(
            {
                "userinfo": {"name": {"essential": True, "purpose": "x"}, "nickname": None},
                "id_token": {"email": {"value": "a@b"}, "level": {"values": [3, 4]}, "phone": {"essential": False}},
                "verified_claims": {"any": "thing"},
            }
        )
    )
    assert asked.userinfo == {"name": {"essential": True}, "nickname": {}}
    assert asked.id_token == {"email": {"values": ["a@b"]}, "level": {"values": [3, 4]}, "phone": {}}


def test_null_is_as_good_as_not_there():
    asked = parse('{"id_token": null, "userinfo": {"name": {"essential": null, "value": null, "values": null}}}')
    assert asked.id_token == {}
    assert asked.userinfo == {"name": {}}


def test_values_nothing_of_ours_can_equal_leave_a_wish_that_is_never_met():
    assert parse('{"userinfo": {"name": {"values": [{"a": 1}, 1e999, 1.5, 9007199254740993]}}}').userinfo == {
        "name": {"values": []}
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "claims is not JSON"),
        ("{", "claims is not JSON"),
        ('{"userinfo": {"name": {"value": NaN}}}', "claims is not JSON"),
        ('{"userinfo": {"\\u0000": null}}', "claims is not JSON"),
        ("[" * 4000, "claims is not JSON"),
        ("[]", "claims must be a JSON object"),
        ('"x"', "claims must be a JSON object"),
        ('{"userinfo": []}', "claims.userinfo must be a JSON object"),
        ('{"id_token": "email"}', "claims.id_token must be a JSON object"),
        ('{"id_token": {"email": true}}', "claims.id_token.email must be null or a JSON object"),
        ('{"id_token": {"email": {"essential": "yes"}}}', "claims.id_token.email.essential must be true or false"),
        (
            '{"userinfo": {"email": {"values": "x"}}}',
            "claims.userinfo.email.values must be a list with something in it",
        ),
        ('{"userinfo": {"email": {"values": []}}}', "claims.userinfo.email.values must be a list with something in it"),
        ('{"userinfo": {"email": {"value": 1, "values": [1]}}}', "claims.userinfo.email has both value and values"),
        ('{"userinfo": {"é\\"": 1}}', "claims.userinfo.(a claim) must be null or a JSON object"),
        ('{"userinfo": {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}}', "claims is nested deeper than 6 levels"),
        (json.dumps({"userinfo": {"x" * 9000: None}}), "claims is longer than 8192 bytes"),
    ],
    ids=range(17),
)
def test_what_cannot_be_meant_is_named(text, told):
    with pytest.raises(Malformed) as refused:
        parse(text)
    assert str(refused.value) == told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id_token", "userinfo", "acr", "sub", "email", "essential", "value", "values"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_anything_is_read_or_refused_in_words_for_an_error_description(value):
    try:
        asked = parse(json.dumps(value))
    except Malformed as refused:
        told = str(refused)
        assert told.isascii()
        assert told.isprintable()
        assert not {'"', "\\"} & set(told)
    else:
        assert json.loads(json.dumps([dict(asked.id_token), dict(asked.userinfo)], allow_nan=False))


def test_only_hands_over_what_was_named_and_would_do():
    only = Only(names=frozenset({"level", "email"}), values={"level": [3, True], "email": ["a"]})
    assert only.of({"level": 3, "email": "b", "name": "x"}) == {"level": 3}
    assert only.of({"level": 1, "email": "a"}) == {"email": "a"}, "True is not 1"
