"""Names and numbers in the spelling that may be compared."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.identity import Number, number, person_name, same_name, usable_number
from kernel.codes import citizen_id

BODY = "44019919880612002"
NUMBER = BODY + citizen_id.check_digit(BODY)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("陈晓岚", "陈 晓岚"),
        ("阿依努尔·买买提江", "阿依努尔•买买提江"),
        ("阿依努尔·买买提江", "阿依努尔・买买提江"),
        ("阿依努尔·买买提江", "阿依努尔．买买提江"),
        ("SMITH JOHN", "Smith John"),
        ("Ｓｍｉｔｈ", "Smith"),
        ("李\U0002bdda", "李\U0002bdda"),
        ("神", "\ufa19"),  # a compatibility ideograph is the same character
        ("é", "e\u0301"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("陈晓岚", "陈晓兰"), ("李\U0002bdda", "李\U0002bdd9"), ("", ""), (" ", "　"), ("王", "王䶮")]
)
def test_other_names_are_other_names(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(st.text(min_size=1, max_size=60))
def test_a_kept_name_is_stable_and_composed(text: str) -> None:
    kept = person_name(text)
    assert person_name(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)


def test_a_number_in_every_spelling_is_one_party() -> None:
    plain = number("111", NUMBER)
    spelled = number("111", f" {NUMBER[:6]} {NUMBER[6:].lower()} ")
    assert isinstance(plain, Number)
    assert isinstance(spelled, Number)
    assert plain.party_key == spelled.party_key
    assert len(plain.party_key) == 32
    assert NUMBER not in plain.party_key


def test_wrong_and_unknown_numbers_are_no_numbers() -> None:
    assert usable_number("111", NUMBER[:-1] + "5") is None
    assert usable_number("414", "E12345678") is None
    assert usable_number("111", None) is None
    assert usable_number(None, NUMBER) is None
    with pytest.raises(ValueError, match="414"):
        number("414", "E12345678")
