"""A real browser for tests: open a page as a person would see it, and say everything that is wrong with it.

    with launch() as browser, visit(browser, url, mode="elder", width=390) as page:
        ...
    assert faults(browser, url) == []

`faults` runs axe-core in every mode and width, and the checks of structure, keyboard and reflow that axe cannot do.
Pass `state` (playwright's `context.storage_state()`) to be signed in.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",  # the suite may run as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
WIDE, PHONE, SMALLEST = 1280, 390, 320
WIDTHS = (WIDE, PHONE)
MODES: dict[str, dict[str, str]] = {
    "light": {},
    "dark": {"theme": "dark"},
    "elder": {"mode": "elder"},
    "contrast": {"contrast": "high"},
}
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
TEXT_SPACING = (  # WCAG 2.2, 1.4.12
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
    " p { margin-bottom: 2em !important }"
)
WAIT_MS = 15_000

STRUCTURE = """() => {
  const out = [], all = s => [...document.querySelectorAll(s)];
  if (all('[style]').length) out.push('inline style');
  if (all('style').length) out.push('style element');
  if (all('script:not([src])').length) out.push('inline script');
  if (all('*').some(e => [...e.attributes].some(a => a.name.startsWith('on')))) out.push('inline handler');
  const ids = all('[id]').map(e => e.id), twice = ids.filter((x, i) => ids.indexOf(x) !== i);
  if (twice.length) out.push('duplicate id ' + twice);
  if (all('h1').length !== 1) out.push('h1 × ' + all('h1').length);
  if (all('main#main').length !== 1) out.push('main#main × ' + all('main#main').length);
  if (!document.title.trim() || !document.documentElement.lang) out.push('no title or no lang');
  for (const k of ['aria-describedby', 'aria-labelledby', 'aria-controls'])
    for (const e of all(`[${k}]`)) for (const id of e.getAttribute(k).split(' '))
      if (!document.getElementById(id)) out.push(`${k} names nothing: ${id}`);
  for (const e of all('label[for]')) if (!document.getElementById(e.htmlFor)) out.push('label for ' + e.htmlFor);
  for (const e of all('a[href^="#"]')) {
    const id = decodeURIComponent(e.hash.slice(1));
    if (id && !document.getElementById(id)) out.push('link to nothing: #' + id);
  }
  for (const e of all('form[method=post]'))
    if (!e.querySelector('[name=csrf_token]')) out.push('form without token: ' + e.action);
  let last = 0;
  for (const h of all('h1,h2,h3,h4')) {
    const n = +h.tagName[1];
    if (last && n > last + 1) out.push('heading level skipped: ' + h.textContent.trim());
    last = n;
  }
  return out;
}"""
STOPS = """() => [...document.querySelectorAll(
  'a[href],button:not([disabled]),input,select,textarea,summary,[tabindex="0"]'
)].filter(e => e.offsetParent).length"""
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const s = getComputedStyle(e), q = e.getBoundingClientRect();
  const inside = (v, max) => Math.min(Math.max(v, 1), max - 1);
  const x = inside(q.left + q.width / 2, innerWidth), y = inside(q.top + q.height / 2, innerHeight);
  const top = document.elementFromPoint(x, y);
  return {name: e.tagName.toLowerCase() + ' ' + (e.textContent.trim() || e.name || e.id).slice(0, 30),
          ring: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2,
          seen: !!top && (e.contains(top) || top.contains(e) || !!top.closest('label'))};
}"""
SMALL_TARGETS = """() => [...document.querySelectorAll('a[href],button,input,select,textarea,summary')].filter(e => {
  const r = e.getBoundingClientRect();
  return e.offsetParent && r.width && getComputedStyle(e).display !== 'inline' && (r.width < 24 || r.height < 24);
}).map(e => e.textContent.trim() || e.id)"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
ADD_STYLE = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""  # a constructed sheet: the page's own policy refuses style elements


@contextmanager
def launch() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def person(
    browser: Browser,
    origin: str,
    *,
    prefs: dict[str, str] | None = None,
    width: int = WIDE,
    state: dict | None = None,
    script: bool = True,
    device_dark: bool = False,
) -> Iterator[BrowserContext]:
    """A browser profile of its own; `prefs` are the display choices kept in its cookie."""
    context = browser.new_context(
        viewport={"width": width, "height": 900 if width >= WIDE else 844},
        has_touch=width < WIDE,
        reduced_motion="reduce",
        color_scheme="dark" if device_dark else "light",
        locale="zh-CN",
        storage_state=state,
        java_script_enabled=script,
    )
    context.set_default_timeout(WAIT_MS)
    if prefs:
        context.add_cookies([{"name": "ui_prefs", "value": urlencode(prefs), "url": origin}])
    try:
        yield context
    finally:
        context.close()


@contextmanager
def visit(
    browser: Browser,
    url: str,
    *,
    mode: str = "light",
    width: int = WIDE,
    state: dict | None = None,
    prefs: dict[str, str] | None = None,
    script: bool = True,
) -> Iterator[Page]:
    """The page as one of `MODES` shows it; what the browser complains about stops the test when the block ends."""
    said: list[str] = []
    chosen = {**MODES[mode], **(prefs or {})}
    with person(browser, _origin(url), prefs=chosen, width=width, state=state, script=script) as context:
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if _complaint(m, url) else None)
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto(url, wait_until="load")
        yield page
    assert not said, f"the browser complained about {url}: {said}"


def faults(
    browser: Browser,
    url: str,
    *,
    state: dict | None = None,
    modes: Sequence[str] = tuple(MODES),
    reflow: bool = True,
) -> list[str]:
    """Everything wrong with a page, one line each; an empty list is the only good answer.

    A page that is built like another may be seen in fewer modes and without the trials of reflow.
    """
    found: list[str] = []
    for mode in modes:
        for width in WIDTHS:
            with visit(browser, url, mode=mode, width=width, state=state) as page:
                found += [f"{mode} {width}px: {fault}" for fault in axe(page)]
                if (by := page.evaluate(SIDEWAYS)) > 0:
                    found.append(f"{mode} {width}px: scrolls sideways by {by}px")
                if (mode, width) == (modes[0], WIDE):
                    found += [*page.evaluate(STRUCTURE), *focus_faults(page)]
    with visit(browser, url, width=SMALLEST, state=state) as page:
        found += [f"{SMALLEST}px: target under 24px: {name}" for name in page.evaluate(SMALL_TARGETS)]
    return found + (reflow_faults(browser, url, state=state) if reflow else [])


def axe(page: Page) -> list[str]:
    """Violations of WCAG 2.2 A and AA and of axe's best practices on the page as it stands."""
    options = {"runOnly": {"type": "tag", "values": list(AXE_TAGS)}, "resultTypes": ["violations"]}
    return [
        f"{v['id']} × {len(v['nodes'])} at {v['nodes'][0]['target']}: {v['help']}"
        for v in Axe().run(page, options=options).response["violations"]
    ]


def focus_faults(page: Page) -> list[str]:
    """Tab through the page: every stop shows a ring of at least 2px and is not covered."""
    found: dict[str, None] = {}
    for _ in range(page.evaluate(STOPS) + 2):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at and not at["ring"]:
            found[f"no focus ring: {at['name']}"] = None
        if at and not at["seen"]:
            found[f"focus covered: {at['name']}"] = None
    return list(found)


def reflow_faults(browser: Browser, url: str, *, state: dict | None = None) -> list[str]:
    """No sideways scrolling: 320px, elder at 360px, doubled text, elder with doubled text, WCAG text spacing."""
    trials: tuple[tuple[str, int, dict[str, str], str], ...] = (
        ("320px", SMALLEST, {}, ""),
        ("elder 360px", 360, {"mode": "elder"}, ""),
        ("text 200%", WIDE, {"size": "200"}, ""),
        ("text 200% on a phone", PHONE, {"size": "200"}, ""),
        ("elder, text 200%", WIDE, {"mode": "elder", "size": "200"}, ""),
        ("English 390px", PHONE, {"lang": "en"}, ""),
        ("text spacing", PHONE, {}, TEXT_SPACING),
    )
    found = []
    for name, width, prefs, css in trials:
        with visit(browser, url, width=width, prefs=prefs, state=state) as page:
            if css:
                page.evaluate(ADD_STYLE, css)
            if (by := page.evaluate(SIDEWAYS)) > 0:
                found.append(f"{name}: scrolls sideways by {by}px")
    return found


def picture(page: Page, name: str, folder: Path | None = None) -> Path:
    """The whole page as a PNG, in `folder` or in a new temporary one."""
    path = (folder or Path(tempfile.mkdtemp(prefix="kapok-pictures-"))) / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


def _complaint(message: ConsoleMessage, url: str) -> bool:
    own_status = message.location.get("url") == url and message.text.startswith("Failed to load resource")
    return message.type in {"error", "warning"} and not own_status  # an error page has its status on purpose


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
