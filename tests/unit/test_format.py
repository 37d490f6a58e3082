from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from flask import Flask

from kernel import format as formats
from kernel import i18n

ANSWERED = datetime(2026, 3, 4, 1, 12, tzinfo=UTC)  # 09:12 in Guangdong


@pytest.fixture
def app(frozen_clock) -> Flask:
    """Today is Wednesday, 4 March 2026."""
    app = Flask(__name__)
    i18n.install(app, folder=i18n.FOLDER, timezone="Asia/Shanghai")
    formats.install(app)
    return app


def written(app: Flask, expression: str, language: str = "zh-CN", **values: object) -> str:
    with app.test_request_context(headers={"Accept-Language": language}):
        return app.jinja_env.from_string("{{ " + expression + " }}").render(**values)


@pytest.mark.parametrize(
    ("expression", "chinese"),
    [
        ("d|day", "3月18日"),
        ("d|date", "2026年3月18日"),
        ("d|deadline", "3月18日前"),
        ("d|weekday", "周三"),
        ("d|weekday(long=true)", "星期三"),
        ("d|month", "3月"),
        ("d|iso", "2026-03-18"),
        ("t|time", "09:12"),
        ("t|moment", "今天09:12"),
        ("t|iso", "2026-03-04T09:12:00+08:00"),
        ("1234567|thousands", "1,234,567"),
        ("money|yuan", "1,280.50元"),
        ("1|filesize", "1KB"),
        ("319488|filesize", "312KB"),
        ("1048575|filesize", "1MB"),
        ("20971520|filesize", "20MB"),
        ("1258291|filesize", "1.2MB"),
        ("'440606199001010026'|mask_id", "440606********0026"),
    ],
)
def test_chinese(app, expression, chinese):
    assert written(app, expression, d=date(2026, 3, 18), t=ANSWERED, money=Decimal("1280.5")) == chinese


@pytest.mark.parametrize(
    ("expression", "english"),
    [("d|day", "18 March"), ("d|date", "18 March 2026"), ("d|weekday", "Wed"), ("d|month", "Mar"), ("t|time", "09:12")],
)
def test_english(app, expression, english):
    assert written(app, expression, "en", d=date(2026, 3, 18), t=ANSWERED) == english


def test_another_year_is_told(app):
    assert written(app, "d|day", d=date(2027, 1, 2)) == "2027年1月2日"
    assert written(app, "d|day", "en", d=date(2025, 12, 31)) == "31 December 2025"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (date(2026, 3, 4), "今天"),
        (date(2026, 3, 3), "昨天"),
        (date(2026, 3, 2), "3月2日"),
        (date(2026, 3, 5), "3月5日"),
        # 23:30 UTC of the 2nd is the morning of the 3rd in Guangdong
        (datetime(2026, 3, 2, 23, 30, tzinfo=UTC), "昨天"),
    ],
)
def test_today_and_yesterday_are_those_of_the_province(app, given, shown):
    assert written(app, "d|near", d=given) == shown


def test_outside_a_request_it_is_chinese(frozen_clock):
    assert formats.day(date(2026, 3, 18)) == "3月18日"


def test_lines_that_hold_only_a_tag_leave_nothing(app):
    with app.test_request_context():
        assert app.jinja_env.from_string("{% if true %}\n  {% set x = 1 %}\na{% endif %}").render() == "a"


@pytest.mark.parametrize(
    ("agency", "character"),
    [
        ("广东省公安厅", "公"),
        ("佛山市住房公积金管理中心", "住"),
        ("佛山市顺德区市场监督管理局", "市"),
        ("顺德区卫生健康局", "卫"),
        ("容桂街道社区卫生服务中心", "容"),
        ("粤通小额贷款", "粤"),
        ("深圳", "深"),
        ("香洲区", "香"),
        ("", ""),
    ],
)
def test_a_seal_shows_what_tells_agencies_apart(agency, character):
    assert formats.initial(agency) == character
