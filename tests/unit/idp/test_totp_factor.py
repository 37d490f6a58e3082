"""Codes of authenticator apps, against the numbers of RFC 6238 and another implementation of them."""

import base64
import hmac
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from idp.account_pages.two_step_add import picture
from idp.factors import totp
from kernel import clock
from kernel.errors import Invalid

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@contextmanager
def at(seconds: int) -> Iterator[None]:
    with clock.use(lambda: datetime.fromtimestamp(seconds, UTC)):
        yield


def code(secret: str, step: int) -> str:
    """RFC 4226 §5.3, written from its text."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_numbers_of_rfc_6238_appendix_b(seconds: int, eight_digits: str) -> None:
    with at(seconds):
        proof = totp.plugin.prove(RFC_SECRET, eight_digits[2:])
    assert (proof.right, proof.step) == (True, seconds // 30)


@pytest.mark.parametrize(("away", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
@pytest.mark.parametrize("second", [0, 29])
def test_one_step_to_either_side_is_taken_and_no_more(away: int, second: int, *, right: bool) -> None:
    secret, step = totp.new_secret(), 59_000_000
    with at(step * 30 + second):
        proof = totp.plugin.prove(secret, code(secret, step + away))
    assert (proof.right, proof.step) == (right, step + away if right else None)


def test_nothing_enrolled_is_never_right() -> None:
    with at(59):
        assert not any(totp.plugin.prove(None, f"{n:06d}").right for n in range(50))


@pytest.mark.parametrize("typed", ["123456", "123 456", " 123456 ", "１２３４５６", "1 2 3 4 5 6"])
def test_a_code_may_be_typed_with_spaces_and_wide_digits(typed: str) -> None:
    assert totp.plugin.answer({"code": typed}) == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", "123456\n\n7"])
def test_what_cannot_be_a_code(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        totp.plugin.answer({"code": typed})
    assert list(refused.value.fields) == ["code"]


def test_secrets_are_long_and_differ() -> None:
    found = {totp.new_secret() for _n in range(20)}
    assert len(found) == 20
    assert {len(base64.b32decode(one)) for one in found} == {20}


def test_the_picture_is_drawn_without_styles_or_text() -> None:
    drawn = str(picture(totp.address(RFC_SECRET, account='<"chenxl&', issuer="广东省统一身份认证")))
    assert drawn.startswith("<svg viewBox=")
    assert "style" not in drawn
    assert "chenxl" not in drawn
