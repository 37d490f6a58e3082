"""The portal's own pages: what one can do here, and what the platform told about the person."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from examples.portal.items import ITEMS

pages = Blueprint("pages", __name__)

ZONE = ZoneInfo("Asia/Shanghai")

LEVELS = {"2": "二级：信息自填", "3": "三级：信息比对", "4": "四级：实人核验", "5": "五级：数字证书或窗口核验"}
LABELS = {
    "name": "姓名",
    "id_type": "证件类型",
    "id_number": "证件号码",
    "level": "账户可信等级",
    "phone_number": "手机号码",
    "email": "电子邮箱",
    "locale": "语言",
    "sub": "在本门户的编号",
}


@pages.get("/")
def home() -> str:
    return render_template("home.html", items=ITEMS.values())


@pages.get("/signed-out")
def signed_out() -> str:
    return render_template("signed_out.html")


@pages.get("/claims")
def claims() -> ResponseReturnValue:
    """Everything that arrived with the login, as people and as developers read it."""
    login = current_app.extensions["logins"].current()
    if login is None:
        return redirect(url_for("sign_in.login", next=url_for("pages.claims")))
    acr, signed_in = str(login.id_claims.get("acr", "")), login.id_claims.get("auth_time")
    clock = f"{datetime.fromtimestamp(signed_in, ZONE):%H:%M}" if signed_in else "没有说明"
    shown = [(LABELS.get(name, name), name, _text(value)) for name, value in login.claims.items()]
    return render_template(
        "claims.html",
        level=LEVELS.get(acr, acr or "没有说明"),
        signed_in=clock,
        claims=shown,
        id_claims=[(name, _text(value)) for name, value in login.id_claims.items()],
    )


@pages.get("/developers")
def developers() -> str:
    """The sign-in code of this very portal: nothing else is needed."""
    code = (Path(__file__).parent / "sign_in.py").read_text(encoding="utf-8")
    start, end = code.index("def connect"), code.index("def install_errors")
    return render_template("developers.html", code=code[start:end].strip(), scope=current_app.config["SCOPE"])


@pages.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
