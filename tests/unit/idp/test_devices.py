"""Browsers in words."""

import pytest
from flask import Flask
from flask_babel import Babel

from idp.account_pages.devices import words

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (WINDOWS + "Chrome/130.0 Safari/537.36", "Windows，Chrome浏览器"),
        (WINDOWS + "Chrome/130.0 Safari/537.36 Edg/130.0", "Windows，Edge浏览器"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "iOS，Safari浏览器"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile MicroMessenger/8.0", "Android，微信浏览器"),
        ("curl/8", "其他设备"),
        ("", "其他设备"),
    ],
)
def test_a_browser_is_named_as_its_owner_would(agent: str, said: str) -> None:
    app = Flask("words")
    Babel(app, default_locale="zh_CN")
    with app.test_request_context():
        assert words(agent) == said
