"""The door: which way a request goes, what every answer carries, and what never gets in."""

import io
import json

import pytest

from kernel import context
from kernel.door import Door, client_address
from kernel.errors import Conflict, Invalid
from kernel.machine import Answer, Endpoint, json_answer


def call(door, path="/", method="GET", body=b"", **environ):
    """Status, headers and body of one request, as a WSGI server would make it."""
    heard = {}

    def start_response(status, headers, exc_info=None):
        heard.update(status=int(status[:3]), headers={name.lower(): value for name, value in headers})

    values = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "198.51.100.7",
        "HTTP_HOST": "evil.example",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        **environ,
    }
    pieces = b"".join(door(values, start_response))
    return heard["status"], heard["headers"], pieces


def pages(environ, start_response):
    """Stands in Flask's place and tells what it was shown."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    shown = {k: str(v) for k, v in environ.items() if k.startswith("kapok.") or isinstance(v, str)}
    return [json.dumps(shown).encode()]


def explode(_request):
    raise ZeroDivisionError("身份证号 440524188001010014")


def conflict(_request):
    raise Conflict(detail="for the log")


def echo(request):
    return json_answer({"params": request.params, "address": request.address, "body": request.body().decode()})


ENDPOINTS = [
    Endpoint(path="/jwks", handle=lambda _r: json_answer({"keys": []}, cache="public, max-age=300"), public=True),
    Endpoint(path="/token", methods=("POST",), handle=echo, errors="oauth", max_body=10),
    Endpoint(path="/feeds/v1/<family>", methods=("POST",), handle=echo),
    Endpoint(path="/files/<path:rest>", handle=echo),
    Endpoint(path="/broken", methods=("GET", "POST"), handle=explode),
    Endpoint(path="/broken-oauth", handle=explode, errors="oauth"),
    Endpoint(path="/conflict", handle=conflict),
    Endpoint(
        path="/who", handle=lambda _r: json_answer({"id": context.actor().request_id, "at": context.actor().address})
    ),
]


@pytest.fixture
def door():
    return Door(ENDPOINTS, pages, public_url="https://id.example.org")


def test_a_name_in_a_path_takes_one_part_and_a_path_takes_the_rest(door):
    assert json.loads(call(door, "/feeds/v1/cases", "POST")[2])["params"] == {"family": "cases"}
    assert json.loads(call(door, "/files/a/b.css")[2])["params"] == {"rest": "a/b.css"}
    assert "kapok.request_id" in json.loads(call(door, "/feeds/v1/a/b")[2])


@pytest.mark.parametrize("path", ["/feeds/v1/", "/feeds/v1/a\nb/x", "/token/", "/TOKEN", "/tokenx"])
def test_what_is_no_endpoint_goes_to_the_pages(door, path):
    assert "kapok.request_id" in json.loads(call(door, path)[2])


def test_pages_see_the_public_address_and_never_the_host_header(door):
    shown = json.loads(call(door, "/me", HTTP_X_FORWARDED_HOST="evil.example", HTTP_FORWARDED="host=evil.example")[2])
    assert shown["HTTP_HOST"] == shown["SERVER_NAME"] == "id.example.org"
    assert (shown["wsgi.url_scheme"], shown["SERVER_PORT"]) == ("https", "443")


def test_head_is_get_without_the_body(door):
    status, headers, body = call(door, "/jwks", "HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == str(len(call(door, "/jwks")[2]))


def test_options_tells_the_methods(door):
    status, headers, body = call(door, "/token", "OPTIONS")
    assert (status, headers["allow"], body) == (204, "POST, OPTIONS", b"")
    assert "access-control-allow-origin" not in headers


def test_public_documents_may_be_read_from_any_origin_and_others_not(door):
    assert call(door, "/jwks")[1]["access-control-allow-origin"] == "*"
    assert call(door, "/jwks", "OPTIONS")[1]["access-control-allow-methods"] == "GET, HEAD"
    assert "access-control-allow-origin" not in call(door, "/who")[1]


def test_another_method_is_405_with_allow_in_each_form(door):
    # RFC 9110 §15.5.6: MUST generate an Allow header field
    status, headers, body = call(door, "/token")
    assert (status, headers["allow"], json.loads(body)["error"]) == (405, "POST, OPTIONS", "invalid_request")
    status, headers, body = call(door, "/who", "DELETE")
    assert (status, headers["allow"], json.loads(body)["code"]) == (405, "GET, HEAD, OPTIONS", "method_not_allowed")


def test_a_body_above_the_endpoints_cap_is_413(door):
    status, _, body = call(door, "/token", "POST", b"x" * 11)
    assert (status, json.loads(body)["error"]) == (413, "invalid_request")


def test_an_unexpected_exception_is_500_with_the_request_id_and_nothing_else(door):
    for path in ("/broken", "/broken-oauth"):
        status, headers, body = call(door, path)
        assert status == 500
        assert json.loads(body)["request_id"] == headers["x-request-id"]
        assert "ZeroDivision" not in body.decode()
        assert "440524" not in body.decode()
    assert json.loads(call(door, "/broken-oauth")[2])["error"] == "server_error"


def test_an_expected_refusal_tells_its_code(door):
    status, headers, body = call(door, "/conflict")
    assert (status, headers["content-type"], json.loads(body)["code"]) == (409, "application/problem+json", "conflict")
    assert "for the log" not in body.decode()


def test_every_request_has_its_own_id_and_the_actor_carries_it(door):
    first, second = call(door, "/who"), call(door, "/who")
    assert json.loads(first[2]) == {"id": first[1]["x-request-id"], "at": "198.51.100.7"}
    assert first[1]["x-request-id"] != second[1]["x-request-id"]
    assert context.actor().request_id is None


def test_a_proxys_request_id_is_taken_only_from_a_proxy_and_only_when_it_is_one():
    behind = Door(ENDPOINTS, pages, trusted_hops=1)
    assert call(behind, "/who", HTTP_X_REQUEST_ID="abc-12345678")[1]["x-request-id"] == "abc-12345678"
    assert call(behind, "/who", HTTP_X_REQUEST_ID="x\r\nSet-Cookie: a=b")[1]["x-request-id"] != "x\r\nSet-Cookie: a=b"
    alone = Door(ENDPOINTS, pages)
    assert call(alone, "/who", HTTP_X_REQUEST_ID="abc-12345678")[1]["x-request-id"] != "abc-12345678"


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "", "10.0.0.1"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "<script>", "10.0.0.1"),
    ],
)
def test_the_clients_address_is_the_one_the_outermost_trusted_proxy_saw(hops, forwarded, address):
    assert client_address({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}, hops) == address


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"QUERY_STRING": "a" * 9000}, 414),
        ({"HTTP_COOKIE": "a" * 20_000}, 431),
        ({"QUERY_STRING": "a=%00"}, 400),
    ],
)
def test_what_is_too_long_or_holds_a_null_is_refused_on_both_doors(door, environ, status):
    assert call(door, "/who", **environ)[0] == status
    handed_on = json.loads(call(door, "/me", **environ)[2])
    assert "kapok.refused" in handed_on
    assert handed_on["QUERY_STRING"] == ""


def test_two_endpoints_of_one_path_stop_the_start():
    for path in ("/a", "/a/<b>"):
        twice = [Endpoint(path=path, handle=lambda _r: Answer(204))] * 2
        with pytest.raises(ValueError, match="two endpoints"):
            Door(twice, pages)


def test_a_public_document_costs_no_log_line_and_no_actor(capsys):
    seen = []

    def handle(_request):
        seen.append(context.actor().request_id)
        return json_answer({})

    call(Door([Endpoint(path="/p", handle=handle, public=True)], pages), "/p")
    assert seen == [None]


def test_a_refusal_in_a_public_document_is_written_too():
    def handle(_request):
        raise Invalid(code="odd")

    status, _, body = call(Door([Endpoint(path="/p", handle=handle, public=True)], pages), "/p")
    assert (status, json.loads(body)["code"]) == (400, "odd")
