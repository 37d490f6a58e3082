"""A cursor is only what a list wrote itself; anything else is refused, never an error of the database."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from profiles import cursor


def test_what_was_dumped_loads():
    assert cursor.load(cursor.dump("2026-03-01T00:00:00+00:00", "abc"), 2) == ["2026-03-01T00:00:00+00:00", "abc"]


@pytest.mark.parametrize(
    "value", [[], ["a"], ["a", 1], ["a", "\0"], ["a", "\ud800"], {"a": "b"}, None, ["中", "a"], "ab"]
)
def test_another_shape_is_refused(value):
    with pytest.raises(Invalid):
        cursor.load(base64.urlsafe_b64encode(json.dumps(value).encode()).decode(), 2)


def test_a_deep_one_is_refused():
    with pytest.raises(Invalid):
        cursor.load(base64.urlsafe_b64encode(b"[" * 100_000).decode(), 2)


@given(st.text())
def test_no_text_upsets_it(text):
    with pytest.raises(Invalid):
        cursor.load(text, 3)


@pytest.mark.parametrize("text", ["", "x", "2026-03-01", "2026-03-01T00:00:00"])
def test_an_instant_needs_a_zone(text):
    with pytest.raises(Invalid):
        cursor.instant(text)
