"""The form of refresh tokens: nobody can make one without the family's seed."""

from hypothesis import given
from hypothesis import strategies as st

from idp.tokens import families
from kernel.ids import new_id


@given(st.integers(0, 10**9 - 1))
def test_what_is_made_is_read(generation):
    family = new_id()
    token = families.refresh_token(family, generation, families.new_seed())
    assert families.presented(token) == (family, generation)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    families.presented(text)


def test_family_generation_and_seed_all_count():
    family, seed = new_id(), families.new_seed()
    made = {
        families.refresh_token(family, 0, seed),
        families.refresh_token(family, 1, seed),
        families.refresh_token(new_id(), 0, seed),
        families.refresh_token(family, 0, families.new_seed()),
    }
    assert len({token.rpartition(".")[2] for token in made}) == 4
