"""The vectors of published codes, right and wrong ones, and python-stdnum as an independent witness."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import InvalidComponent, ValidationError

from kernel.codes import certificate_id, citizen_id, division, item_code, uscc

USCC_RIGHT = [
    "11440000MB2D0164XH",
    "11440100007482575H",
    "114403006939513773",
    "11440300MB2D072246",
    "11370800MB28559184",
    "11100000000013338W",
    "11430000006122244L",
    "91440300708461136T",
    "91350100M000100Y43",
    "91110000600037341L",
    "91440101MA59ABCD1D",
]

CERTIFICATES = [
    ("11100000000013338W011.11430000006122244L.20230000403.001", "U"),
    ("11100000000013338W011.11430000006122244L.20230000403.002", "S"),
    ("11100000000013338W032.11220000013544541J.2430599.001", "F"),
    ("11100000000013338W009.11330105002500287C.2025052201.002", "0"),
    ("11100000MB03271699022.340100.000000016.001", "9"),
    ("11100000000013338W087.11370800MB28559184.37080001202411010001.001", "3"),
    ("11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001", "D"),
]


def codes(faults):
    return [fault.code for fault in faults]


@pytest.mark.parametrize("code", USCC_RIGHT)
def test_published_credit_codes_pass(code):
    assert uscc.check(code) == ()
    assert uscc.remarks(code) == ()


@pytest.mark.parametrize(("code", "right"), [("12440000455858557K", "7"), ("11440000006939748T", "G")])
def test_a_wrong_check_character_of_a_credit_code_is_told(code, right):
    assert codes(uscc.check(code)) == ["uscc_check_character"]
    assert uscc.check(code[:17] + right) == ()


@pytest.mark.parametrize("code", ["007482575", "MB2D0164X", "693951377", "D2143569X", "006939748"])
def test_published_organisation_codes_add_up(code):
    assert uscc.organisation_check(code[:8]) == code[8]


@pytest.mark.parametrize("code", ["", "1144010000748257", "11440100007482575I", "11440100007482575h"])
def test_a_credit_code_of_another_shape_is_told(code):
    assert codes(uscc.check(code)) == ["uscc_shape"]


def test_credit_codes_are_normalised():
    assert uscc.normalise(" １１440100-007482575h　") == "11440100007482575H"


@pytest.mark.parametrize(
    "number",
    ["11010519491231002X", "440524188001010014", "440101190001010010", "440100190001010022"],
)
def test_the_examples_of_gb_11643_pass(number):
    assert citizen_id.check(number) == ()


def test_a_birth_date_that_never_was_is_refused_although_its_check_digit_is_right():
    number = "440300190002290039"
    assert citizen_id.check_digit(number[:17]) == number[17]
    assert codes(citizen_id.check(number)) == ["citizen_id_birth_date"]


def test_a_birth_date_to_come_is_refused():
    body = "44010121990101001"
    assert codes(citizen_id.check(body + citizen_id.check_digit(body))) == ["citizen_id_birth_date"]


@pytest.mark.parametrize("number", ["", "44010119000101001", "44010119000101001A", "04010119000101001X", "²" * 18])
def test_another_shape_is_told(number):
    assert codes(citizen_id.check(number)) == ["citizen_id_shape"]


def test_a_wrong_check_digit_is_told():
    assert codes(citizen_id.check("440101190001010011")) == ["citizen_id_check_digit"]


def test_fifteen_digits_become_eighteen():
    number = citizen_id.normalise("110105491231002")
    assert number == "11010519491231002X"
    assert citizen_id.normalise("1101 0519 4912 3100 2x") == number
    assert citizen_id.birth_date(number).isoformat() == "1949-12-31"
    assert citizen_id.sex(number) == "female"


@pytest.mark.parametrize(("body", "check"), CERTIFICATES)
def test_published_certificate_identifiers_pass(body, check):
    identifier = certificate_id.normalise(f"{body}.{check}".lower())
    assert identifier == f"1.2.156.3005.2.{body}.{check}"
    assert certificate_id.check(identifier) == ()


def test_the_wrong_check_found_in_the_wild_is_told():
    identifier = certificate_id.normalise(f"{CERTIFICATES[-1][0]}.M")
    assert codes(certificate_id.check(identifier)) == ["certificate_id_check_character"]


def test_all_versions_of_a_certificate_share_a_stem():
    first, second = (certificate_id.parts(f"{body}.{check}") for body, check in CERTIFICATES[:2])
    assert first
    assert second
    assert first.stem == second.stem
    assert (first.version, second.version) == (1, 2)


@pytest.mark.parametrize("text", ["", "粤字第1号", "11100000000013338W011.11430000006122244L.U"])
def test_another_structure_of_a_certificate_identifier_is_told(text):
    assert codes(certificate_id.check(text)) == ["certificate_id_shape"]


@pytest.mark.parametrize(
    ("code", "level", "kind"),
    [
        ("11440000MB2D0164XH2440289876000", "2", "02"),
        ("11440100007482575H3440118009000", "3", "01"),
        ("11440300MB2D0722464440127028001", "4", "01"),
        ("114403006939513773344201505200802", "3", "20"),
        ("11370800MB285591843370117002011", "3", "01"),
    ],
)
def test_published_item_codes_pass(code, level, kind):
    assert item_code.check(code) == ()
    parts = item_code.parts(code)
    assert parts
    assert (parts.level, parts.type) == (level, kind)


def test_item_codes_of_older_or_broken_structure_are_told_apart():
    assert codes(item_code.check("440600-0120-002")) == ["item_code_shape"]
    assert codes(item_code.check("11440000MB2D0164XX2440289876000")) == ["item_code_body"]
    assert codes(item_code.check("11440000MB2D0164XH0449989876000")) == ["item_code_parts"]


def test_divisions():
    assert division.check("440606") == ()
    assert codes(division.check("44060")) == ["division_shape"]
    assert division.normalise("440606000000") == "440606"
    assert division.city("440606") == "佛山市"
    assert len(division.CITIES) == 21


@settings(deadline=None)
@given(st.text(alphabet=uscc.ALPHABET + "IOSVZ", min_size=18, max_size=18))
def test_credit_codes_agree_with_stdnum(code):
    assert (uscc.check(code) == ()) == stdnum_uscc.is_valid(code)


@settings(deadline=None)
@given(
    st.sampled_from(["44", "11", "31", "65"]),
    st.from_regex(r"(19|20)[0-9]{2}(0[0-9]|1[0-3])(0[0-9]|[123][0-9])[0-9]{3}[0-9X]", fullmatch=True),
)
def test_citizen_ids_agree_with_stdnum(province, rest):
    number = f"{province}0101{rest}"
    ours = codes(citizen_id.check(number))
    try:
        ric.validate(number)
    except InvalidComponent:  # stdnum knows a list of places and no births to come
        return
    except ValidationError:
        assert ours
    else:
        assert ours in ([], ["citizen_id_birth_date"])
        assert not ours or citizen_id.birth_date(number).year > 2025


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_upsets_a_check(text):
    for module in (citizen_id, uscc, item_code, certificate_id, division):
        module.check(module.normalise(text))
        module.check(text)
