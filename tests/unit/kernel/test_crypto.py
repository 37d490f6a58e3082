import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kernel import crypto, db

KEY_1 = "k1:" + base64.b64encode(b"1" * 32).decode()
KEY_2 = "second:" + base64.b64encode(b"2" * 32).decode()


class Tables(DeclarativeBase):
    """Of this file alone."""


class Sealed(Tables):
    __tablename__ = "test_sealed"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(crypto.Encrypted("test_sealed.number"))


@given(st.text(max_size=200))
def test_what_is_sealed_opens(value):
    assert crypto.decrypt(crypto.encrypt(value, bound_to="a.b"), bound_to="a.b") == value


def test_equal_values_look_different():
    assert crypto.encrypt("x", bound_to="a.b") != crypto.encrypt("x", bound_to="a.b")


def test_the_layout_is_version_key_id_nonce_ciphertext_tag(load_settings):
    load_settings(ENCRYPTION_KEYS=KEY_2)
    blob = crypto.encrypt("木", bound_to="a.b")
    assert blob[:8] == b"\x01\x06second"
    assert len(blob) == 8 + 12 + len("木".encode()) + 16


def test_a_value_moved_to_another_column_does_not_open():
    blob = crypto.encrypt("x", bound_to="a.b")
    with pytest.raises(crypto.Unreadable, match=r"a\.c"):
        crypto.decrypt(blob, bound_to="a.c")


def test_no_changed_byte_goes_unnoticed():
    blob = crypto.encrypt("440000", bound_to="a.b")
    for position in range(len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 1
        with pytest.raises(crypto.Unreadable):
            crypto.decrypt(bytes(changed), bound_to="a.b")


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_alike(blob):
    with pytest.raises(crypto.Unreadable):
        crypto.decrypt(blob, bound_to="a.b")


def test_the_first_key_seals_and_all_open(load_settings):
    load_settings(ENCRYPTION_KEYS=KEY_1)
    old = crypto.encrypt("x", bound_to="a.b")
    load_settings(ENCRYPTION_KEYS=f"{KEY_2},{KEY_1}")
    new = crypto.encrypt("x", bound_to="a.b")
    assert (crypto.is_current(old), crypto.is_current(new)) == (False, True)
    assert crypto.decrypt(old, bound_to="a.b") == crypto.decrypt(new, bound_to="a.b") == "x"
    load_settings(ENCRYPTION_KEYS=KEY_2)
    with pytest.raises(crypto.Unreadable, match="ENCRYPTION_KEYS"):
        crypto.decrypt(old, bound_to="a.b")


def test_the_blind_index_depends_on_field_value_and_key(load_settings):
    index = crypto.blind_index("party", "111:440000")
    assert index == crypto.blind_index("party", "111:440000")
    assert len(index) == 32
    assert int(index, 16)
    others = {crypto.blind_index("phone", "111:440000"), crypto.blind_index("party", "111:440001")}
    load_settings(BLIND_INDEX_KEY="another key of thirty-two letters")
    others.add(crypto.blind_index("party", "111:440000"))
    assert len(others | {index}) == 4


def test_comparison_takes_any_text():
    assert crypto.same("木棉", "木棉")
    assert not crypto.same("木棉", "木")


def test_a_column_is_sealed_in_the_database_and_clear_in_the_program(database):
    Tables.metadata.drop_all(db.engine())
    Tables.metadata.create_all(db.engine())
    with db.transaction() as session:
        session.add_all([Sealed(id=1, number="440106199001011234"), Sealed(id=2, number=None)])
    with db.reading() as session:
        raw = session.scalar(text("SELECT number FROM test_sealed WHERE id = 1").columns(number=LargeBinary))
        assert b"440106" not in raw
        assert crypto.decrypt(raw, bound_to="test_sealed.number") == "440106199001011234"
        assert session.get(Sealed, 1).number == "440106199001011234"
        assert session.get(Sealed, 2).number is None
