"""Our own rules over what a city answered."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import BadAnswer, NotEntitled, SourceDisabled
from connectors.identity import UpstreamIdentity, accept
from connectors.kind import Answer, FieldMap, Source

GOOD = {"cn": "林海棠", "no": "440001199003070020", "level": "high", "mail": "a@example.invalid"}
FIELDS = FieldMap(name="cn", id_number="no", id_type="type", level="level", attributes={"email": "mail"})


def source(**changes: Any) -> Source[None]:
    usual: dict[str, Any] = {
        "id": "1",
        "code": "shenzhen",
        "name": "深圳市",
        "kind": "ldap",
        "settings": None,
        "fields": FIELDS,
        "authoritative_for": frozenset({"111", "001"}),
        "subject_types": frozenset({"person", "enterprise"}),
        "level_cap": 4,
        "level_map": {"high": 4, "*": 3},
        "enabled": True,
        "internal": False,
    }
    return Source(**{**usual, **changes})


def accepted(values: dict[str, str], **changes: Any) -> UpstreamIdentity:
    answer = Answer(upstream_id="u1", values=values, authenticated_at=datetime(2026, 3, 4, tzinfo=UTC))
    return accept(source(**changes), answer)


def test_what_the_city_says_becomes_the_identity() -> None:
    found = accepted(GOOD)
    assert (found.name, found.id_type, found.id_number, found.level) == ("林海棠", "111", "440001199003070020", 4)
    assert found.attributes == {"email": "a@example.invalid"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("11010519491231002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        (" 440001 19900307 0020 ", "440001199003070020"),
        ("440001900307002", "440001199003070020"),
    ],
)
def test_a_number_has_one_spelling(written: str, read: str) -> None:
    assert accepted({**GOOD, "no": written}).id_number == read


@pytest.mark.parametrize("number", ["440001199003070021", "440001199002300020", "12345", "林海棠", ""])
def test_a_number_that_cannot_be_one_identifies_nobody(number: str) -> None:
    found = accepted({**GOOD, "no": number})
    assert (found.id_type, found.id_number, found.level) == (None, None, 2)


def test_an_enterprise_is_known_by_its_code() -> None:
    found = accepted({**GOOD, "type": "001", "no": "91440101ma59abcd1d"})
    assert (found.id_type, found.id_number) == ("001", "91440101MA59ABCD1D")


def test_other_documents_keep_their_number() -> None:
    found = accepted({**GOOD, "type": "414", "no": "e1234567"})
    assert (found.id_type, found.id_number, found.level) == ("414", "E1234567", 2)  # not authoritative for passports


@pytest.mark.parametrize(
    ("values", "changes", "level"),
    [
        ({}, {}, 4),
        ({"level": "low"}, {}, 3),
        ({"level": ""}, {}, 3),
        ({"level": "low"}, {"level_map": {"high": 4}}, 2),
        ({}, {"level_cap": 3}, 3),
        ({}, {"authoritative_for": frozenset()}, 2),
        ({"cn": ""}, {}, 2),
        ({"no": ""}, {}, 2),
        ({}, {"level_map": {"high": 9}, "level_cap": 5}, 5),
    ],
    ids=str,
)
def test_the_level_is_mapped_capped_and_needs_name_and_number(
    values: dict[str, str], changes: dict[str, Any], level: int
) -> None:
    assert accepted({**GOOD, **values}, **changes).level == level


def test_texts_that_are_no_names_are_left_out() -> None:
    assert accepted({**GOOD, "cn": "长" * 1000}).name is None
    assert accepted({**GOOD, "cn": "   "}).name is None


def test_a_subject_of_the_other_type_is_not_entitled() -> None:
    with pytest.raises(NotEntitled):
        accepted({**GOOD, "type": "001", "no": "91440101MA59ABCD1D"}, subject_types=frozenset({"person"}))
    with pytest.raises(NotEntitled):
        accepted(GOOD, subject_types=frozenset({"enterprise"}))


def test_a_disabled_source_accepts_nobody() -> None:
    with pytest.raises(SourceDisabled):
        accepted(GOOD, enabled=False)


@pytest.mark.parametrize("upstream_id", ["", "x" * 600])
def test_without_a_usable_link_id_nobody_is_signed_in(upstream_id: str) -> None:
    answer = Answer(upstream_id=upstream_id, values=GOOD, authenticated_at=datetime(2026, 3, 4, tzinfo=UTC))
    with pytest.raises(BadAnswer):
        accept(source(), answer)
