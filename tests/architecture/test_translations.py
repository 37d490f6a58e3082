"""English is complete: every sentence for people has its translation, and public pages show no other language."""

import io
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from kernel import i18n
from wiring.app import create_app

ROOT = Path(__file__).parents[2]
PO = ROOT / "locale" / "en" / "LC_MESSAGES" / "messages.po"
HAN = re.compile(r"[\u3400-\u9fff]")
PLACE = re.compile(r"%\((\w+)\)s")
TAG = re.compile(r"</?[a-z][^>]*>")
DATA_IN_CHINESE = {"有效", "暂扣", "撤销", "注销", "失效", "长期", "深圳市", "珠三角"}
"""What departments and operators write as it stands; a sentence that tells them so quotes it."""
LANGUAGES = {"中文", "简体中文"}
PAGES = ("/login", "/help", "/privacy", "/accessibility", "/account/preferences", "/no-such-page")


def makefile(name: str) -> str:
    found = re.search(rf"^{name} := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return found[1]


@cache
def in_the_source() -> frozenset[str]:
    """Every sentence that ``make messages`` would collect, by its singular."""
    recipe = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "pybabel -q extract" in line)
    keywords = DEFAULT_KEYWORDS | parse_keywords(re.findall(r"-k (\S+)", recipe))
    methods, options = parse_mapping_cfg(io.StringIO((ROOT / "locale/babel.cfg").read_text()))
    collected = (
        message
        for folder in makefile("SPEAKING").split()
        for _file, _line, message, _comments, _context in extract_from_dir(
            str(ROOT / folder), methods, options, keywords
        )
    )
    return frozenset(message if isinstance(message, str) else message[0] for message in collected)


@cache
def catalog() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def messages() -> Iterator[tuple[Message, str, list[str]]]:
    """Each message with its sentence and its translations."""
    for message in catalog():
        if message.id:
            sentence = message.id if isinstance(message.id, str) else message.id[0]
            yield message, sentence, [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_sentence_is_in_the_catalogue_and_no_other():
    there = {sentence for _message, sentence, _english in messages()}
    assert len(in_the_source()) > 1000
    assert sorted(in_the_source() - there) == [], "run make messages and translate these"
    assert sorted(there - in_the_source()) == [], "run make messages: nobody says these any more"


def test_nothing_is_empty_or_fuzzy():
    assert [sentence for message, sentence, english in messages() if message.fuzzy or not all(english)] == []


def test_gaps_and_markup_are_the_same_in_both_languages():
    wrong = [
        (sentence, text)
        for _message, sentence, english in messages()
        for text in english
        if sorted(PLACE.findall(sentence)) != sorted(PLACE.findall(text))
        or TAG.findall(sentence) != TAG.findall(text)
        or ("%%" in sentence) != ("%%" in text)
    ]
    assert wrong == []


def test_translations_are_not_chinese():
    def left_over(text: str) -> bool:
        for quoted in DATA_IN_CHINESE:
            text = text.replace(quoted, "")
        return bool(HAN.search(text)) or bool(re.search("[，。；：、“”（）]", text))

    assert [text for _message, _sentence, english in messages() for text in english if left_over(text)] == []


class Said(HTMLParser):
    """The texts of a page, and what attributes say, outside elements of another language."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr", "use", "path", "circle"})
    SPEAKING = frozenset({"alt", "aria-label", "title", "placeholder", "data-show", "data-hide", "content"})

    def __init__(self) -> None:
        super().__init__()
        self.languages = [""]
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        language = dict(attrs).get("lang") or self.languages[-1]
        if tag not in self.VOID:
            self.languages.append(language)
        if language == "en":
            self.texts += [value or "" for name, value in attrs if name in self.SPEAKING]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.languages.pop()

    def handle_data(self, data: str) -> None:
        if self.languages[-1] == "en":
            self.texts.append(data.strip())


def chinese(page: str) -> list[str]:
    said = Said()
    said.feed(page)
    return [text for text in said.texts if HAN.search(text) and text not in LANGUAGES]


@pytest.fixture
def compiled(tmp_path, monkeypatch) -> Path:
    """The catalogue as it stands, whatever was compiled last."""
    folder = tmp_path / "locale" / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalog())
    install = i18n.install
    monkeypatch.setattr(
        i18n, "install", lambda app, *, folder, timezone: install(app, folder=tmp_path / "locale", timezone=timezone)
    )
    return tmp_path / "locale"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_public_page_in_english_is_in_english(path, compiled, database):
    client = create_app().test_client()
    client.set_cookie("ui_prefs", "lang=en")
    page = client.get(path).get_data(as_text=True)
    assert '<html lang="en"' in page
    assert chinese(page) == []


def test_the_forms_of_a_count(compiled):
    english = Translations.load(str(compiled), ["en"])
    day = "%(n)s个工作日"
    assert [english.ungettext(day, day, n) % {"n": n} for n in (1, 2)] == ["1 working day", "2 working days"]


def test_the_check_of_a_page_can_fail():
    assert chinese('<html lang="en"><body><p>Hello <b>您好</b></p>') == ["您好"]
    assert chinese('<html lang="en"><body><img alt="图"><p lang="zh-CN">您好</p>') == ["图"]
