"""Everything is killed (-9) while reminders are being delivered; after a restart each person has each exactly once."""

import base64
import json
import random
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kernel.codes import citizen_id
from tests.servers.demo import ROOT, Demo

pytestmark = pytest.mark.xdist_group("power-cut")

PEOPLE, CERTIFICATES, CUTS = 12, 3, 3


@pytest.fixture
def demo():
    running = Demo()
    yield running
    running.remove()


def test_no_reminder_is_lost_or_doubled_by_power_cuts(demo: Demo) -> None:
    people = [_number(n) for n in range(PEOPLE)]
    _accounts(demo, people)
    records = [_certificate(number, n) for number in people for n in range(CERTIFICATES)]
    _post(demo, records)
    moments = random.Random(7)
    for _cut in range(CUTS):
        time.sleep(moments.uniform(0.05, 1.5))
        demo.kill()
        demo.start()
    _until(lambda: _counts(demo)["told"] == len(records) and _counts(demo)["open"] == 0)
    counts = _counts(demo)
    mail = (Path(demo.settings["INSTANCE_DIR"]) / "mail").glob("*.eml")
    letters = [path for path in mail if b"To: cut" in path.read_bytes()]
    assert counts["messages"] == counts["intents"] == len(records)
    assert counts["per_person"] == {CERTIFICATES}
    assert counts["deliveries"] == {"sent": len(records)}
    assert len(letters) == len(records)


def _number(n: int) -> str:
    body = f"44019919700101{n + 700:03d}"
    return body + citizen_id.check_digit(body)


def _accounts(demo: Demo, numbers: list[str]) -> None:
    listed = [
        {
            "login": f"cut{n}",
            "name": f"停电{n}",
            "id_type": "111",
            "id_number": number,
            "level": 4,
            "email": f"cut{n}@example.invalid",
        }
        for n, number in enumerate(numbers)
    ]
    file = demo.folder / "users.json"
    file.write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "flask", "users", "add", str(file)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "KAPOK_DEMO": "1", **demo.settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _certificate(holder: str, n: int) -> dict[str, str]:
    today = datetime.now(UTC) + timedelta(hours=8)
    return {
        "ZZMC": f"停电证明{n}",
        "ZZBH": f"停{holder[-6:]}{n}",
        "ZZBFJG": "深圳市卫生健康委员会",
        "CZZT": "停电",
        "CZZTDM": holder,
        "CZZTDMLXDM": "111",
        "ZZYXQJZRQ": f"{today + timedelta(days=20):%Y-%m-%d}",
    }


def _post(demo: Demo, records: list[dict[str, str]]) -> None:
    feed = next(feed for feed in demo.sheet["feeds"] if feed["code"] == "szwjw")
    pair = f"{urllib.parse.quote_plus(feed['client_id'])}:{urllib.parse.quote_plus(feed['client_secret'])}"
    token = _json(
        feed["token_endpoint"],
        b"grant_type=client_credentials",
        {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
    )["access_token"]
    body = json.dumps(records, ensure_ascii=False).encode()
    answer = _json(
        f"{feed['endpoint']}/certificate",
        body,
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    assert answer["counts"]["refused"] == 0, answer


def _json(url: str, body: bytes, headers: dict[str, str]):
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        return json.load(answer)


def _counts(demo: Demo) -> dict:
    with sqlite3.connect(f"file:{demo.settings['INSTANCE_DIR']}/kapok.db?mode=ro", uri=True) as db:
        mine = "account_id IN (SELECT id FROM account WHERE name LIKE '停电%')"
        return {
            "told": db.execute(f"SELECT count(*) FROM inbox_message WHERE {mine}").fetchone()[0],
            "messages": db.execute(f"SELECT count(*) FROM inbox_message WHERE {mine}").fetchone()[0],
            "intents": db.execute(f"SELECT count(*) FROM notification_intent WHERE {mine}").fetchone()[0],
            "open": db.execute(
                f"SELECT count(*) FROM delivery WHERE {mine} AND state IN ('due', 'calling')"
            ).fetchone()[0],
            "deliveries": dict(db.execute(f"SELECT state, count(*) FROM delivery WHERE {mine} GROUP BY state")),
            "per_person": {
                row[0] for row in db.execute(f"SELECT count(*) FROM inbox_message WHERE {mine} GROUP BY account_id")
            },
        }


def _until(true, seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "reminders are still on their way"
        time.sleep(0.5)
