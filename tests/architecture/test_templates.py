"""What holds for every template, whoever writes one."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from kernel import format as formats

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*.html"))
PAGES = [name for name in TEMPLATES if not name.startswith("email/")]
ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)  # parses only
HAN = re.compile(r"[\u4e00-\u9fff]+")
SAME_IN_EVERY_LANGUAGE = {"中文", "简体中文"}
TRANSLATORS = {"_", "gettext", "ngettext"}
CSS_BUDGET, SCRIPT_BUDGET = 16 * 1024, 8 * 1024  # gzip, DESIGN 11.3
FORBIDDEN = {
    "inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE),
    "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "script address": re.compile(r"""["']\s*javascript:""", re.IGNORECASE),
    "data address": re.compile(r"""(?:src|href)=["']\s*data:""", re.IGNORECASE),
    "text passed unescaped": re.compile(r"\|\s*safe\b|autoescape\s+false"),
    "another site's file": re.compile(r"""<(?:script|link|img)\b[^>]*(?:src|href)=["'](?:https?:)?//"""),
}


def source(name: str) -> str:
    return re.sub(r"\{#.*?#\}", "", (FOLDER / name).read_text(encoding="utf-8"), flags=re.DOTALL)


def untranslated(text: str) -> Iterator[str]:
    """Chinese that a reader of another language would get as it is: bare in the page, or a string outside _()."""
    tree = ENVIRONMENT.parse(text)
    translated = {
        id(argument)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATORS
        for argument in call.args
    }
    for data in tree.find_all(nodes.TemplateData):
        yield from (f"{data.lineno}: {found}" for found in HAN.findall(data.data))
    for constant in tree.find_all(nodes.Const):
        said = constant.value
        if not isinstance(said, str) or id(constant) in translated or said in SAME_IN_EVERY_LANGUAGE:
            continue
        if HAN.search(said):
            yield f"{constant.lineno}: {said}"


def translations(text: str) -> Iterator[tuple[int, object]]:
    for call in ENVIRONMENT.parse(text).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATORS:
            yield call.lineno, call.args[0].value if call.args and isinstance(call.args[0], nodes.Const) else None


LEADING_AWAY = {"idp/form_post.html"}


def forms_without_token(text: str) -> list[str]:
    forms = re.findall(r"<form\b[^>]*>.*?</form>", text, flags=re.DOTALL | re.IGNORECASE)
    return [f[:80] for f in forms if re.match(r"<form\b[^>]*\bpost\b", f) and not re.search(r"ui\.(csrf|back)\(", f)]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("fault", FORBIDDEN)
def test_a_page_needs_nothing_that_its_policy_refuses(name, fault):
    found = FORBIDDEN[fault].search(source(name))
    assert not found, f"{fault}: {found[0][:80]}"


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_sentence_can_be_translated(name):
    assert list(untranslated(source(name))) == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_sentence_is_whole_and_its_gaps_are_named(name):
    for line, sentence in translations(source(name)):
        assert isinstance(sentence, str), f"line {line}: only a string that stands there can be collected"
        assert not re.search(r"%(?!\()", sentence.replace("%%", "")), (
            f"line {line}: {sentence}: write %(name)s, and %% for %"
        )


@pytest.mark.parametrize("name", PAGES)
def test_every_form_that_changes_something_carries_the_token(name):
    """And those that lead to another site do not: the token is for us alone."""
    text = source(name)
    away = [form for form in forms_without_token(text) if 'action="{{ target }}"' in form]
    assert forms_without_token(text) == away
    assert bool(away) == (name in LEADING_AWAY)
    assert not away or "csrf" not in text


@pytest.mark.parametrize(
    "name", [n for n in PAGES if not n.endswith("_base.html") and n not in {"base.html", "_ui.html"}]
)
def test_a_page_stands_on_a_base_and_names_itself(name):
    text = source(name)
    if "{% extends" in text:  # a fragment that another page includes has neither
        assert re.search(r"\{% block title %\}.+?\{% endblock", text, flags=re.DOTALL)
    else:
        assert "<html" not in text


@pytest.mark.parametrize(("name", "budget"), [("ui.css", CSS_BUDGET), ("ui.js", SCRIPT_BUDGET)])
def test_what_every_page_loads_stays_small(name, budget):
    assert len(gzip.compress((ROOT / "static" / name).read_bytes(), 9)) <= budget


def test_every_icon_that_is_asked_for_is_there():
    there = set(re.findall(r'id="i-([a-z0-9-]+)"', (ROOT / "static/icons.svg").read_text()))
    asked = {name for page in TEMPLATES for name in re.findall(r"ui\.icon\('([a-z0-9-]+)'", source(page))}
    assert asked <= there


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_filter_and_test_is_there(name):
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"])
    environment.filters.update(formats.FILTERS)
    environment.compile(source(name), name)


def test_the_checks_can_fail():
    assert list(untranslated("<p>您好</p>")) == ["1: 您好"]
    assert list(untranslated("{{ ui.tag('有效') }}")) == ["1: 有效"]
    assert list(untranslated("<img alt='{{ title or \"图\" }}'>")) == ["1: 图"]
    assert list(untranslated("{{ _('您好，%(name)s', name=name) }}　·")) == []
    assert forms_without_token('<form method="post"><button>x</button></form>') != []
    assert FORBIDDEN["inline handler"].search('<a onclick="x()">')
    assert FORBIDDEN["inline script"].search("<script>x</script>")
    assert not FORBIDDEN["inline script"].search('<script src="/ui.js" defer></script>')
