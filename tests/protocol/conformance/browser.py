"""A person's browser: it follows what the provider answers, fills in its forms, and stops where a portal begins."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

from tests.protocol.conformance.people import PASSWORD, ZHANG

MOST_STEPS = 12


@dataclass(kw_only=True)
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.frames: list[str] = []
        self.onward: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=given.get("action", ""), method=given.get("method", "get").lower()))
        elif tag in {"input", "button"} and self.forms:
            self._field(tag, given, self.forms[-1])
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
            if "data-go-on" in given:
                self.onward = given["href"]
        elif tag == "img" and "src" in given:
            self.images.append(given["src"])
        elif tag == "iframe" and "src" in given:
            self.frames.append(given["src"])

    def _field(self, tag: str, given: dict[str, str], form: Form) -> None:
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "text")
        if tag == "button":
            form.buttons.append((name, value))
        elif kind == "checkbox":
            form.boxes.setdefault(name, []).append(value)
        elif kind != "radio" or "checked" in given:
            form.fields[name] = value


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page the person is left with."""

    status: int
    url: str
    text: str = field(repr=False)
    headers: Any = field(repr=False)

    @property
    def parsed(self) -> _Forms:
        parser = _Forms()
        parser.feed(self.text)
        return parser


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What a portal gets: the address, and the answer's parameters, in the query or in a form that posts itself."""

    uri: str
    params: dict[str, str]
    mode: str
    seen: tuple[str, ...] = ()


Outcome = Arrived | Page


class Browser:
    """``seen`` names the pages on the way: ``login``, ``consent``. ``deny`` presses the button that says no."""

    def __init__(self, issuer: str, ca: str, person: dict[str, Any] = ZHANG) -> None:
        self.issuer, self.person = issuer, person
        self.http = requests.Session()
        self.http.verify, self.http.trust_env = ca, False
        self.seen: list[str] = []
        self._leaving = False

    def close(self) -> None:
        self.http.close()

    def open(self, url: str, *, deny: bool = False, stop_at: str | None = None) -> Outcome:
        """Go to ``url`` and on until a portal is reached or a page has nothing to fill in."""
        self.seen = []
        return self._on(self.http.get(url, allow_redirects=False, timeout=20), deny=deny, stop_at=stop_at)

    def leave(self, url: str, parameters: dict[str, str]) -> Outcome:
        """Sign out as a portal asks for it, and agree where the person is asked."""
        self.seen, self._leaving = [], True
        try:
            return self._on(self.http.get(url, params=parameters, allow_redirects=False, timeout=20))
        finally:
            self._leaving = False

    def submit(self, url: str, form: dict[str, Any], *, origin: str | None = None) -> Outcome:
        """Send a form; ``origin`` is the site that the form stands on, ours where there is none."""
        self.seen = []
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"} if origin else {"Origin": self.issuer}
        answer = self.http.post(url, data=form, headers=headers, allow_redirects=False, timeout=20)
        return self._on(answer)

    def go_on(self, page: Page, *, deny: bool = False, stop_at: str | None = None) -> Outcome:
        """Fill in the page that the person was left with."""
        self.seen = []
        answer = self._fill(page, deny=deny)
        return page if answer is None else self._on(answer, deny=deny, stop_at=stop_at)

    def _on(self, answer: requests.Response, *, deny: bool = False, stop_at: str | None = None) -> Outcome:
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["Location"])
                if not target.startswith(f"{self.issuer}/"):
                    return self._arrived(target)
                answer = self.http.get(target, allow_redirects=False, timeout=20)
                continue
            page = Page(status=answer.status_code, text=answer.text, url=answer.url, headers=answer.headers)
            if (posted := self._posting(page)) is not None:
                return posted
            if stop_at is not None and self._kind(page) == stop_at:
                return page
            if self._leaving and (onward := self._frames(page)) is not None:
                return self._arrived(onward)
            following = self._fill(page, deny=deny)
            if following is None:
                return page
            answer = following
        raise AssertionError(f"no end after {MOST_STEPS} steps, at {answer.url}")

    def _frames(self, page: Page) -> str | None:
        """Load the frames of a page as a browser does, if its policy lets it; where the page then goes on to."""
        for frame in page.parsed.frames:
            parts = urlsplit(frame)
            policy = page.headers["Content-Security-Policy"].partition("frame-src")[2].partition(";")[0]
            assert f"{parts.scheme}://{parts.netloc}" in policy
            here = parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()
            assert self.http.get(here, headers={"Host": parts.netloc}, timeout=20).status_code == 200
        return page.parsed.onward

    def _arrived(self, target: str) -> Arrived:
        parts = urlsplit(target)
        mode = "fragment" if parts.fragment else "query"
        pairs = parse_qsl(parts.fragment or parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        assert len(dict(pairs)) == len(pairs), f"a parameter came twice: {pairs}"
        return Arrived(uri=target, params=dict(pairs), mode=mode, seen=tuple(self.seen))

    def _posting(self, page: Page) -> Arrived | None:
        """A page that hands its form to a portal by itself (OAuth 2.0 Form Post Response Mode §2)."""
        for form in page.parsed.forms:
            target = urljoin(page.url, form.action)
            if form.method == "post" and not target.startswith(f"{self.issuer}/"):
                assert page.status == 200
                assert "no-store" in page.headers["Cache-Control"]
                origin = f"{urlsplit(target).scheme}://{urlsplit(target).netloc}"
                assert origin in page.headers["Content-Security-Policy"], "its own policy must let the form go"
                return Arrived(uri=target, params=dict(form.fields), mode="form_post", seen=tuple(self.seen))
        return None

    @staticmethod
    def _kind(page: Page) -> str:
        return urlsplit(page.url).path.strip("/")

    def _fill(self, page: Page, *, deny: bool) -> requests.Response | None:
        for form in page.parsed.forms:
            if "password" in form.fields and "account" in form.fields:
                self.seen.append("login")
                filled = form.fields | {"account": self.person["login"], "password": PASSWORD}
                return self._post(page, form, list(filled.items()))
            if self._leaving and form.action == "/logout":
                self.seen.append("logout")
                return self._post(page, form, list(form.fields.items()))
            if form.action == "/consent":
                self.seen.append("consent")
                ticked = [(name, value) for name, values in form.boxes.items() for value in values]
                kept = form.fields | {"keep": "year"}
                return self._post(page, form, [*kept.items(), *ticked, ("do", "deny" if deny else "allow")])
        return None

    def _post(self, page: Page, form: Form, pairs: list[tuple[str, str]]) -> requests.Response:
        headers = {"Origin": self.issuer, "Content-Type": "application/x-www-form-urlencoded"}
        return self.http.post(
            urljoin(page.url, form.action), data=urlencode(pairs), headers=headers, allow_redirects=False, timeout=20
        )
