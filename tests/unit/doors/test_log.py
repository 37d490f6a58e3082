"""What is masked in logs, and that a line holds what operators need."""

import json
import logging

import pytest

from kernel import context, log
from kernel.log import mask_event, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("号码440524188001010014有误", "号码440524********0014有误"),
        ("44052418800101001X", "440524********001X"),
        ("old 440524800101001 id", "old 440524********* id"),
        ("phone 13800138000.", "phone 138****8000."),
        ("+86 138 0013 8000", "+86 138****8000"),
        ("from chen.min@example.org", "from ***@example.org"),
        ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer ***"),
        ("basic Zm9vOmJhcg==", "basic ***"),
        ("jwt eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "jwt *** end"),
        ("GET /callback?code=SplxlOBeZQQYbYS6WxSbIA&state=af0ifjsldkj", "GET /callback?code=***&state=***"),
        ("{'client_secret': 'gX1fBat3bV', 'x': 1}", "{'client_secret': '***', 'x': 1}"),
        ('{"refresh_token":"8xLOxBtZp8"}', '{"refresh_token":"***"}'),
        ("grant_type=password&password=hunter22", "grant_type=password&password=***"),
        ("postgresql://kapok:secret@db/kapok", "postgresql://***@db/kapok"),
        ("redis://:secret@cache:6379/0", "redis://***@cache:6379/0"),
    ],
)
def test_what_identifies_or_opens_is_masked(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "case 018f3a9b7c4e7d2a9b1c2d3e4f5a6b7c",
        "1763832000000 ms",
        "11440000006941142K3440111001000001",  # an item code
        "2026-11-22T17:50:56.374243Z",
        "status code=404",
        "https://id.example.org/authorize",
        "took 13800138 us",
    ],
)
def test_what_operators_search_for_stays(text):
    assert masked(text) == text


def test_keys_that_name_secrets_hide_whatever_they_hold_at_any_depth():
    event = mask_event(
        None,
        "info",
        {
            "event": "x",
            "password": "p",
            "headers": {"Cookie": "c", "Accept": "a"},
            "id_number": 440524188001010014,
            "people": [{"phone": "1"}, {"name": "n"}],
            "token_type": "Bearer",
            "code": "short",
            "number": 440524188001010014,
            "count": 7,
            "nothing": None,
            "client_secret": None,
        },
    )
    assert event["password"] == event["id_number"] == event["code"] == event["number"] == "***"
    assert event["headers"] == {"Cookie": "***", "Accept": "a"}
    assert event["people"] == [{"phone": "***"}, {"name": "n"}]
    assert (event["token_type"], event["count"], event["nothing"], event["client_secret"]) == ("Bearer", 7, None, None)


def test_a_number_under_an_innocent_key_is_masked_by_its_form():
    assert mask_event(None, "info", {"value": 440524188001010014})["value"] == "440524********0014"


def test_a_structure_without_end_does_not_hang_the_log():
    loop: dict[str, object] = {}
    loop["self"] = loop
    assert "***" in json.dumps(mask_event(None, "info", {"loop": loop}))


@pytest.fixture
def configured():
    yield log.configure
    log._access.form = "off"
    root = logging.getLogger()
    for handler in [h for h in root.handlers if getattr(h, "kapok", False)]:
        root.removeHandler(handler)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_level_logger_time_and_request(configured, capsys):
    configured(level="INFO")
    with context.bind(request_id="r-1", client_id="portal", address="203.0.113.9"):
        log.get("kernel.test").info("something happened", amount=3)
    (line,) = lines(capsys)
    assert line["event"] == "something happened"
    assert (line["level"], line["logger"], line["request_id"], line["client"], line["amount"]) == (
        "info", "kernel.test", "r-1", "portal", 3,
    )  # fmt: skip
    assert line["timestamp"].endswith("Z")
    assert "203.0.113.9" not in str(line)


def test_exceptions_and_other_libraries_are_masked_too(configured, capsys):
    configured(level="INFO")
    try:
        int("no such person 440524188001010014")
    except ValueError:
        log.get("kernel.test").exception("failed", refresh_token="8xLOxBtZp8")
    logging.getLogger("some.library").warning("sent %s", "Bearer abcdefgh12345")
    text = capsys.readouterr().err
    assert "ValueError" in text
    assert "some.library" in text
    for secret in ("440524188001010014", "8xLOxBtZp8", "abcdefgh12345"):
        assert secret not in text


def test_authlib_never_writes_at_debug_whatever_the_level(configured, capsys):
    configured(level="DEBUG")
    logging.getLogger("authlib.oauth2").debug("Issue token %r", {"access_token": "x"})
    assert capsys.readouterr().err == ""


def test_configuring_twice_does_not_double_the_lines(configured, capsys):
    configured(level="INFO")
    configured(level="INFO")
    log.get("kernel.test").info("once")
    assert len(lines(capsys)) == 1


def test_the_access_line_holds_the_route_and_no_address(configured, capsys):
    configured(level="INFO")
    log.access_line(method="GET", route="/me/cases/<id>", status=200, milliseconds=1.234, size=5, request_id="r-1")
    (line,) = lines(capsys)
    del line["timestamp"]
    assert line.pop("route") == "/me/cases/<id>"
    assert line == {"event": "request", "method": "GET", "status": 200, "ms": 1.2, "size": 5, "request_id": "r-1"}


def test_the_level_rules_the_access_line_too(configured, capsys):
    configured(level="WARNING")
    log.access_line(method="GET", route="/", status=200, milliseconds=1, size=5, request_id="r-1")
    assert capsys.readouterr().err == ""
