import pytest

from kernel import mask


@pytest.mark.parametrize(
    ("function", "given", "shown"),
    [
        (mask.mask_id, "440606199001010026", "440606********0026"),
        (mask.mask_id, "440606 19900101 0026", "440606********0026"),
        (mask.mask_id, "44060619900101002x", "440606********002x"),
        (mask.mask_uscc, "91440606MA4UK26T4N", "91440606MA****6T4N"),
        (mask.mask_phone, "13812346620", "138****6620"),
        (mask.mask_phone, "+86 138 1234 6620", "138****6620"),
        (mask.mask_phone, "008613812346620", "138****6620"),
        (mask.mask_phone, "0757-22801234", "075****1234"),
        (mask.mask_name, "陈晓岚", "陈**"),
        (mask.mask_name, " 陈 ", "陈**"),
        (mask.mask_address, "广东省佛山市顺德区容桂街道桂洲大道中1号", "广东省佛山市顺德区容桂街道****"),
        (mask.mask_address, "广东省中山市小榄镇民安路2号", "广东省中山市小榄镇****"),
        (mask.mask_address, "江西省景德镇市珠山区瓷都大道3号", "江西省景德镇市珠山区****"),
        (mask.mask_address, "广东省东莞市鸿福路99号", "广东省东莞市****"),
        (mask.mask_address, "鸿福路99号", "鸿福****"),
        (mask.mask_email, "chen.xl@example.org", "c****@example.org"),
        (mask.mask_email, "not an address", "not****ess"),
        (mask.mask_number, "4406********512", "440****512"),
        (mask.mask_number, "粤健证字20418", "粤健****18"),
    ],
)
def test_shows_what_the_design_says(function, given, shown):
    assert function(given) == shown


FUNCTIONS = [getattr(mask, name) for name in dir(mask) if name.startswith("mask_")]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("given", [None, "", "  "])
def test_nothing_known_shows_nothing(function, given):
    assert function(given) == ""


@pytest.mark.parametrize("function", [mask.mask_id, mask.mask_uscc, mask.mask_phone, mask.mask_number])
@pytest.mark.parametrize("length", range(1, 25))
def test_never_shows_a_number_whole(function, length):
    given = "123456789abcdefghijklmnop"[:length]
    shown = function(given)
    assert "****" in shown
    assert len(shown.replace("*", "")) < length


def test_the_asterisks_do_not_tell_the_length():
    assert mask.mask_number("1" * 30).count("*") == mask.mask_number("1" * 20).count("*")
