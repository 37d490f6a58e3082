"""What fuzzing sends, and what no answer may be, whatever was sent."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hypothesis import HealthCheck, settings
from werkzeug.test import Client, TestResponse

from idp.oauth_errors import ERRORS
from tests.protocol.parties import ISSUER

ROOT = Path(__file__).parents[2]
FUZZ = settings(
    max_examples=80,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
SCRIPT, IMAGE = '"><script>alert(1)</script>', "'><img src=x onerror=alert(1)>"
NASTY = (
    # nothing, spaces, controls, line ends as they are and encoded
    *("", " ", "\t", "\0", "\x7f", "\x1b[2J", "a\r\nSet-Cookie: kapok=s.evil\r\n\r\n<script>", "%00", "%", "%zz"),
    *("%0d%0aLocation:%20https://evil.example/", "\u2028", "\u202e\u200b", "\ufeff", "\ufffe", "\U000e0041"),
    # text
    *("é", "数" * 50, "\ud7ff", "𐀀", "ﬁ", "İ", "Å" * 1000, "a" * 3000, "a" * 43, "x" * 513),
    # markup and templates
    *(
        SCRIPT,
        IMAGE,
        "</script><script>alert(1)//",
        "{{7*7}}",
        "${7*7}",
        "{% raw %}",
        "%(name)s",
        "{0}",
        "'",
        '"',
        "\\",
    ),
    # numbers and what looks like one
    *("0", "-1", "+1", "1.5", "1e999", "9" * 400, "9223372036854775808", "NaN", "Infinity", "１２", "²", "٣", "1_000"),
    # JSON, with and without an end
    *("null", "true", "[]", "{}", "[[]]", '{"a":1}', '{"a":NaN}', "[" * 900, '{"a":' * 300, "{" + '"k":0,' * 300),
    *('{"id_token":{"acr":{"essential":true,"values":[{}]}}}', '{"userinfo":{"sub":{"value":[1]}}}', '{"id_token":[]}'),
    *('[{"type":"x"}]', '[{"type":null}]', '[{"type":["x"]}]', '"\\ud800"', '{"\\u0000":1}', '{"userinfo":{"é":{}}}'),
    # tokens that are none
    *(
        "e30.e30.e30",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJIUzI1NiJ9.W10.AAAA",
        "....",
        "a.b.c.d.e",
        "eyJhbGciOjF9.e30.e30",
    ),
    # addresses
    *("https://evil.example/", "//evil.example/", "/\\evil.example/", "https:evil.example", "http://[::1", "https://["),
    *(
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//",
        "data:text/html,<script>alert(1)</script>",
        "\tjavascript:alert(1)",
    ),
    *(
        f"{ISSUER}@evil.example/",
        "https://127.0.0.1:99999/",
        "../../etc/passwd",
        "/login?next=//evil.example/",
        "file:///",
    ),
    # words of the protocol
    *("none", "login none", "openid openid", "openid\tprofile", "code id_token", "S256", "form_post", "query.jwt"),
    *(
        "urn:ietf:params:oauth:request_uri:x",
        "urn:ietf:params:oauth:token-type:access_token",
        "' OR 1=1 --",
        "*)(uid=*",
    ),
    *("1.2.840.113549", "2026-01-01T00:00:00", "Bearer x", "private_key_jwt", "https", "localhost", "zh-CN en"),
)
"""No value is without a story: each has broken a server somewhere."""

ODD_JSON: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 10**30, [], {}, [[]], [""], [None], [{}], {"": ""}, {"keys": []}),
    *({"keys": [{}]}, {"keys": [{"kty": []}]}, {"keys": [{"kty": "EC", "crv": "P-256", "x": 1, "y": 2}]}, ["x"] * 2000),
    *([["a"]], {"a": {"b": {"c": {}}}}, ["\u202e"], [SCRIPT], ["javascript:alert(1)"]),
)
_RAW = re.compile(r"<script>alert|<img src=x|</script><script>alert", re.IGNORECASE)
_ACTIVE = re.compile(
    r"(?:href|src|action|formaction|content)\s*=\s*[\"']?\s*(?:javascript|data:text|vbscript)", re.IGNORECASE
)
_TARGET = re.compile(r"<form[^>]*action=\"([^\"]*)\"", re.IGNORECASE)
_CODES = {error.code for error in ERRORS}
LARGEST = 200_000


def parameters(*folders: str) -> list[str]:
    """Every name that these folders ask a query or a form for, found in their source; a new one is fuzzed by itself."""
    asked = re.compile(
        r"(?:\.(?:get|getlist|pop|once|every)\(|\[)\s*\"([a-z_]{1,40})\"|\"([a-z_]{1,40})\" (?:not )?in "
    )
    found: set[str] = set()
    for path in (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))):
        found |= {first or second for first, second in asked.findall(path.read_text("utf-8"))}
    for path in sorted((ROOT / "templates" / "idp").rglob("*.html")):
        found |= set(re.findall(r"name=\"([a-z_]+)\"", path.read_text("utf-8")))
    return sorted(found - {"csrf_token"})


def sent(values: Mapping[str, Any]) -> dict[str, Any]:
    """As a browser can send it: surrogates cannot be."""
    return {name: v.encode("utf-8", "ignore").decode() if isinstance(v, str) else v for name, v in values.items()}


def ask(http: Client, path: str, number: int = 0, **options: Any) -> TestResponse:
    """From an address of its own, so that no limit of an address hides what lies behind it."""
    address = f"198.18.{number // 250 % 250}.{number % 250 + 1}"
    began = time.thread_time()
    response = http.open(path, base_url=ISSUER, environ_base={"REMOTE_ADDR": address}, **options)
    took = time.thread_time() - began
    assert took < 2, f"{path} took {took:.1f} s of the processor"
    return response


def sound(response: TestResponse, what: object, *registered: str) -> TestResponse:
    """No error of ours; no way to anywhere else; nothing sent becomes markup or a header; a refusal can be read."""
    assert response.status_code < 500, (response.status_code, what, response.text[:300])
    for name, value in response.headers:
        assert not re.search(r"[\r\n\0]", f"{name}{value}"), (name, value, what)
    assert "s.evil" not in str(response.headers.getlist("Set-Cookie")), what
    assert len(response.data) < LARGEST, (len(response.data), what)
    location = response.headers.get("Location")
    if location is not None:
        assert _goes_home(location, registered), (location, what)
        assert 300 <= response.status_code < 400 or response.status_code == 201, (response.status_code, what)
    if response.mimetype == "text/html":
        _page(response, what, registered)
    elif (response.mimetype or "").endswith("json") and response.status_code >= 400:
        _refusal(response, what)
    return response


def _goes_home(location: str, registered: tuple[str, ...]) -> bool:
    if location.startswith(tuple(f"{uri}{end}" for uri in registered for end in ("?", "&"))):
        return True
    path = location.removeprefix(ISSUER)
    # Browsers read \ as / and drop what is not printable.
    return path.startswith("/") and not re.match(r"/[/\\]", unquote(path)) and path.isprintable()


def _page(response: TestResponse, what: object, registered: tuple[str, ...]) -> None:
    text = response.text
    assert not (raw := _RAW.search(text)), (raw, what)
    assert not (active := _ACTIVE.search(text)), (active, what)
    for target in _TARGET.findall(text):
        assert target == "" or re.match(r"/(?![/\\])|\?|#", target) or target in registered, (target, what)
    policy = response.headers.get("Content-Security-Policy", "")
    assert "script-src" in policy or "default-src" in policy, what
    assert "'unsafe-inline'" not in re.sub(r"style-src[^;]*", "", policy), what


def _refusal(response: TestResponse, what: object) -> None:
    if not response.data:  # HEAD
        return
    said = json.loads(response.text)
    if response.mimetype == "application/problem+json":
        return
    if not said:  # nothing was brought, so nothing is wrong with it (RFC 6750 §3.1)
        assert response.status_code == 401, what
        assert "error" not in response.headers["WWW-Authenticate"], what
        return
    assert said["error"] in _CODES, (said, what)
    told = said.get("error_description", "")
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", told), (told, what)  # RFC 6749 §5.2
