"""What a request at the machine door tells, and what it refuses."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.answers import oauth_of, problem_of
from kernel.errors import AppError, Invalid, NotFound, TooLargeBody, TooMany
from kernel.machine import Request, parse_json

FORM = "application/x-www-form-urlencoded"


def a_request(body: bytes = b"", *, query: str = "", max_body: int = 1000, **environ: object) -> Request:
    values = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/token",
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **environ,
    }
    return Request(
        {k: v for k, v in values.items() if v is not None}, max_body=max_body, base_url="https://id.example.org"
    )


def code(error: pytest.ExceptionInfo[AppError]) -> tuple[str, int]:
    return error.value.code, error.value.status


def test_headers_are_found_in_any_case():
    request = a_request(HTTP_AUTHORIZATION="Basic x", CONTENT_TYPE="text/plain")
    assert request.headers["authorization"] == request.headers["Authorization"] == "Basic x"
    assert request.headers.get("content-type") == "text/plain"
    assert request.headers.get("dpop") is None
    assert {"Authorization", "Content-Type", "Content-Length"} <= set(request.headers)


def test_the_url_is_built_from_the_public_address_whatever_the_host_header_says():
    assert a_request(query="a=1", HTTP_HOST="evil.example").url == "https://id.example.org/token?a=1"


def test_a_query_keeps_repeated_values():
    assert a_request(query="a=1&a=2&b=").query == {"a": ["1", "2"], "b": [""]}


@pytest.mark.parametrize("query", ["a=%00", "a=%ff%fe", "&".join(f"p{n}=1" for n in range(300))])
def test_a_query_that_no_database_could_store_is_refused(query):
    with pytest.raises(Invalid) as error:
        _ = a_request(query=query).query
    assert code(error) == ("malformed_request", 400)


def test_a_form_leaves_out_what_has_no_value():
    # RFC 6749 §3.2: parameters sent without a value MUST be treated as if they were omitted
    assert a_request(b"grant_type=refresh_token&scope=", CONTENT_TYPE=FORM).form() == {"grant_type": "refresh_token"}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&a=1", b"a=&a=1"])
def test_a_repeated_form_parameter_is_refused(body):
    # RFC 6749 §3.2: parameters MUST NOT be included more than once
    with pytest.raises(Invalid) as error:
        a_request(body, CONTENT_TYPE=FORM).form()
    assert error.value.code == "repeated_parameter"
    assert list(error.value.fields) == ["a"]


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        (None, b"a=1", 415),
        (f"{FORM}; charset=gbk", b"a=1", 415),
        (FORM, b"a=%00", 400),
        (FORM, b"a=%ff", 400),
        (FORM, "a=值".encode(), 400),
        (FORM, b"&".join(b"p%d=1" % n for n in range(300)), 400),
    ],
)
def test_forms_of_other_kinds_are_refused(content_type, body, status):
    with pytest.raises(Invalid) as error:
        a_request(body, CONTENT_TYPE=content_type, max_body=10_000).form()
    assert error.value.status == status


def test_a_form_may_name_its_charset():
    assert a_request(b"n=%E5%80%BC", CONTENT_TYPE=f'{FORM}; charset="UTF-8"').form() == {"n": "值"}


def test_a_body_above_the_cap_is_taken_in_and_refused_so_that_its_sender_hears_the_answer():
    body = io.BytesIO(b"x" * 2000)
    with pytest.raises(TooLargeBody):
        a_request(CONTENT_LENGTH="2000", **{"wsgi.input": body}).body()
    assert body.tell() == 2000


def test_a_body_far_above_the_cap_is_refused_before_it_is_read():
    unread = io.BytesIO(b"x" * 2000)
    with pytest.raises(TooLargeBody):
        a_request(CONTENT_LENGTH=str(1 << 30), **{"wsgi.input": unread}).body()
    assert unread.tell() == 0


def test_a_chunked_body_is_read_to_its_end_and_refused_above_the_cap():
    chunked = {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert a_request(**chunked, **{"wsgi.input": io.BytesIO(b"x" * 1000)}).body() == b"x" * 1000
    endless = io.BytesIO(b"x" * 10_000_000)
    with pytest.raises(TooLargeBody):
        a_request(**chunked, **{"wsgi.input": endless}).body()
    assert endless.tell() <= 2000


def test_a_length_beside_chunks_is_not_believed():
    # RFC 9112 §6.3: Transfer-Encoding overrides Content-Length
    request = a_request(
        CONTENT_LENGTH="3",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"abcdef")},
    )
    assert request.body() == b"abcdef"


def test_without_length_and_without_an_end_there_is_no_body():
    assert a_request(CONTENT_LENGTH="", **{"wsgi.input": io.BytesIO(b"GET / HTTP/1.1")}).body() == b""


@pytest.mark.parametrize("length", ["-1", "+5", "5,5", "0x10", "٣"])
def test_a_length_that_is_no_number_is_refused(length):
    with pytest.raises(Invalid) as error:
        a_request(b"abcde", CONTENT_LENGTH=length).body()
    assert error.value.code == "bad_content_length"


def test_a_body_that_breaks_off_is_not_taken_for_whole():
    with pytest.raises(Invalid) as error:
        a_request(b"abc", CONTENT_LENGTH="10").body()
    assert error.value.code == "incomplete_body"


def test_a_compressed_body_is_refused():
    with pytest.raises(Invalid) as error:
        a_request(b"\x1f\x8b", HTTP_CONTENT_ENCODING="gzip").body()
    assert error.value.status == 415


def test_the_body_can_be_asked_for_twice():
    request = a_request(b"abc")
    assert request.body() == request.body() == b"abc"


def test_a_stream_comes_in_pieces():
    pieces = list(a_request(b"x" * 200_000).stream(cap=300_000))
    assert len(pieces) == 4
    assert sum(map(len, pieces)) == 200_000


def test_json_is_read_with_and_without_a_byte_order_mark():
    assert a_request(b'\xef\xbb\xbf{"a":1}', CONTENT_TYPE="application/json; charset=utf-8").json() == {"a": 1}
    assert a_request(b"[]", CONTENT_TYPE="application/vnd.api+json").json() == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a":1}}',
        b"NaN",
        b"[Infinity]",
        b'{"a":"\xff"}',
        '{"a":"中文"}'.encode("gbk"),
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'[[{"a":["\\ud800"]}]]',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_json_that_is_none_or_that_no_database_could_store_is_refused(text):
    with pytest.raises(Invalid) as error:
        parse_json(text)
    assert code(error) == ("invalid_json", 400)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'"\\ud83c\\udf33"', "🌳"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\u503c"', "值"),
        (b'{"a":[1,null]}', {"a": [1, None]}),
    ],
)
def test_escapes_that_make_whole_characters_are_kept(text, value):
    assert parse_json(text) == value


def test_json_of_another_media_type_is_refused():
    with pytest.raises(Invalid) as error:
        a_request(b"{}", CONTENT_TYPE="text/plain").json()
    assert error.value.status == 415


def status_of(act):
    try:
        act()
    except AppError as error:
        return error.status
    return 200


@given(st.binary(max_size=200), st.sampled_from([FORM, "application/json", "text/plain", ""]))
def test_no_body_whatever_is_a_fault_of_ours(body, content_type):
    for read in (Request.form, Request.json):
        assert status_of(lambda read=read: read(a_request(body, CONTENT_TYPE=content_type))) < 500


@given(st.text(max_size=60))
def test_no_query_whatever_is_a_fault_of_ours(query):
    assert status_of(lambda: a_request(query=query).query) in {200, 400}


def test_a_problem_document_tells_code_request_and_fields_but_not_the_detail():
    answer = problem_of(Invalid({"name": "缺少姓名"}, detail="row 7 of secret.csv"), "r-1")
    document = parse_json(answer.body)
    assert answer.status == document["status"] == 400
    assert dict(answer.headers)["Content-Type"] == "application/problem+json"
    assert (document["code"], document["request_id"], document["fields"]) == (
        "invalid_input",
        "r-1",
        {"name": "缺少姓名"},
    )
    assert "secret.csv" not in answer.body.decode()


def test_an_oauth_error_is_ascii_as_rfc_6749_asks():
    answer = oauth_of(Invalid({"名": "x", 'a"b': "y"}, code="repeated_parameter"), "r-1")
    document = parse_json(answer.body)
    assert document["error"] == "invalid_request"
    assert document["error_description"] == "repeated_parameter: each parameter may come once: ?, a'b"
    assert ("Cache-Control", "no-store") in answer.headers


def test_who_asks_too_often_hears_when_to_come_back():
    assert ("Retry-After", "30") in problem_of(TooMany(retry_after=30), "r").headers


def test_a_refusal_can_change_its_code_but_not_its_class():
    error = NotFound("case_unknown", detail="c-1")
    assert (error.code, error.status, NotFound.code) == ("case_unknown", 404, "not_found")


def test_parameters_that_may_be_repeated_are_joined_and_others_refused():
    sent = a_request(b"resource=a&resource=b&resource=&x=1", CONTENT_TYPE=FORM)
    assert sent.form(joined={"resource"}) == {"resource": "a b", "x": "1"}
    with pytest.raises(Invalid):
        a_request(b"resource=a&resource=b", CONTENT_TYPE=FORM).form(joined={"audience"})
