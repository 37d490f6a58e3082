"""What people type to say which account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts import login_names
from kernel.codes import citizen_id

BODY = "44019919880612002"
NUMBER = BODY + citizen_id.check_digit(BODY)
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


@pytest.mark.parametrize(
    ("typed", "kind", "shown"),
    [
        ("13800006620", "phone", "138****6620"),
        ("+86 138 0000 6620", "phone", "138****6620"),
        ("008613800006620", "phone", "138****6620"),
        ("12800006620", "username", "12800006620"),
        (NUMBER, "id_number", f"440199********{NUMBER[-4:]}"),
        (NUMBER.lower().translate(WIDE), "id_number", f"440199********{NUMBER[-4:]}"),
        (f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}", "id_number", f"440199********{NUMBER[-4:]}"),
        (NUMBER[:-1] + "5", "username", NUMBER[:-1] + "5"),
        ("ChenXL", "username", "ChenXL"),
        ("ＣｈｅｎＸＬ", "username", "ChenXL"),
        ("陈晓岚", "username", "陈晓岚"),
    ],
)
def test_the_shape_alone_sorts_them(typed: str, kind: str, shown: str) -> None:
    found = login_names.read(typed)
    assert (found.kind, found.shown) == (kind, shown)


def test_spellings_of_one_name_have_one_key_and_kinds_have_different_ones() -> None:
    assert login_names.read("CHENXL").key == login_names.read(" chenxl ").key
    assert login_names.read("13800006620").key != login_names.read("a13800006620").key
    assert len(login_names.read("chenxl").key) == 32


@pytest.mark.parametrize("text", ["chenxl", "陈晓岚", "o.neill-2", "Ünal"])
def test_names_an_account_may_take(text: str) -> None:
    assert login_names.is_username(text)


@pytest.mark.parametrize("text", ["1abc", "a", "", "a b", "a@b.c", "13800006620", NUMBER, "x" * 33, "_a", "a\nb"])
def test_names_no_account_may_take(text: str) -> None:
    assert not login_names.is_username(text)


@given(st.text(max_size=login_names.LONGEST))
def test_nothing_that_can_be_typed_breaks_it(text: str) -> None:
    found = login_names.read(text)
    assert found.kind in {"username", "phone", "id_number"}
    assert len(found.shown) <= 64
