"""Which language a page comes in."""

import pytest
from flask import Flask

from kernel import i18n, prefs


@pytest.fixture
def choose():
    app = Flask(__name__)

    def chosen(language=None, cookie=None):
        headers = {"Accept-Language": language} if language is not None else {}
        if cookie:
            headers["Cookie"] = f"{prefs.COOKIE}={cookie}"
        with app.test_request_context(headers=headers):
            return i18n.choose()

    return chosen


@pytest.mark.parametrize(
    ("language", "cookie", "locale"),
    [
        (None, None, "zh_CN"),
        ("en-US,en;q=0.9", None, "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", None, "zh_CN"),
        ("fr-FR,fr;q=0.9,en;q=0.5", None, "en"),
        ("fr", None, "zh_CN"),
        ("*", None, "zh_CN"),
        ("en", "lang=zh-CN", "zh_CN"),
        ("zh-CN", "lang=en", "en"),
        ("en", "lang=../../etc", "en"),
        ("en;q=x,,;", None, "zh_CN"),
    ],
)
def test_the_persons_choice_comes_before_the_browsers_and_chinese_before_all(choose, language, cookie, locale):
    assert choose(language, cookie) == locale


def test_outside_a_request_it_is_the_source_language():
    assert i18n.choose() == "zh_CN"
