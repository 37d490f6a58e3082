"""The people of the suite, as an operator describes them."""

from typing import Any

PASSWORD = "the-suite-signs-in-2026"

ZHANG: dict[str, Any] = {
    "login": "zhang.san",
    "name": "张三",
    "email": "zhang.san@example.org",
    "phone": "13800138000",
    "password": PASSWORD,
}
LI: dict[str, Any] = {"login": "li.si", "name": "李四", "email": "li.si@example.org", "password": PASSWORD}
PEOPLE = (ZHANG, LI)
