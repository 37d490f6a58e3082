"""Every component, behind the product's own headers: what the style sheet and the macros are checked on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, abort, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.serving import make_server

from kernel import format as formats
from kernel import i18n, policies, prefs, web
from kernel.web import Access
from profiles.cases.ruler import Ruler
from tests.servers.process import free_port

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 4, 1, 42, tzinfo=UTC)
NAV = [
    ("home", "home", "首页", "/gallery/home", 0),
    ("cases", "case", "我的办件", "/gallery/parts", 3),
    ("certificates", "card", "我的证照", "/gallery/empty", 10),
    ("profile", "user", "个人信息", "/gallery/profile", 0),
    ("access", "eye", "谁看过我的数据", "/gallery/access", 0),
]
ACCOUNT = [("links", "link", "账号关联", "/gallery/links", 0)]
TABS = [*NAV[:4], ("menu", "user", "我的", "#menu", 0)]
RULERS = {
    "running": Ruler(
        started=True,
        cells=("is-done",) * 2
        + ("is-pause",) * 3
        + ("is-done",) * 2
        + ("is-today",)
        + ("is-promise",) * 3
        + ("",) * 10
        + ("is-extended",) * 2,
        used=5,
        left=3,
        paused=3,
        pause_reason="检测",
        promise=8,
        legal=20,
        promise_date=date(2026, 3, 23),
        legal_date=date(2026, 4, 9),
        extended=2,
    ),
    "waiting": Ruler(cells=("",) * 20, is_paused=True),
    "late": Ruler(
        started=True,
        cells=("is-done",) * 8 + ("is-done is-late", "is-today is-late") + ("",) * 10,
        used=10,
        left=-2,
        late_promise=2,
        promise=8,
        legal=20,
        promise_date=date(2026, 3, 13),
        legal_date=date(2026, 4, 9),
    ),
    "unlawful": Ruler(
        started=True, cells=("is-done is-late",) * 20, used=25, left=-17, late_promise=17, late_legal=5, promise=8
    ),
}

pages = web.blueprint("gallery", __name__, access=Access.PUBLIC)


@pages.get("/gallery/<name>")
def page(name: str) -> str:
    return render_template(f"{name}.html", rulers=SimpleNamespace(**RULERS), now=NOW, day=date(2026, 3, 25))


@pages.get("/gallery/error/<int:status>")
def error(status: int) -> str:
    if status == 500:
        raise RuntimeError("a fault nobody expected")
    abort(status)


def create_app(port: int) -> Flask:
    app = Flask("gallery", root_path=str(ROOT))
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(ROOT / "templates"), FileSystemLoader(Path(__file__).parent / "templates")]
    )
    web.install(app, public=f"http://127.0.0.1:{port}", secret_key="k" * 40)
    i18n.install(app, folder=i18n.FOLDER, timezone="Asia/Shanghai")
    for part in (formats, prefs, policies):
        part.install(app)
    app.register_blueprint(pages)

    @app.context_processor
    def layout() -> dict[str, object]:
        return {
            "province_name": "广东省",
            "site_title": "市民个人网页",
            "viewer": None if "nobody" in request.args else SimpleNamespace(name="陈晓岚"),
            "nav": NAV,
            "account_nav": ACCOUNT,
            "admin_nav": NAV,
            "tabs": TABS,
            "unread": 4,
        }

    return app


@contextmanager
def running() -> Iterator[str]:
    """The gallery's address while it runs in a thread of this process."""
    port = free_port()
    server = make_server("127.0.0.1", port, create_app(port), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
