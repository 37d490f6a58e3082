"""The mapping from states to words, tags and colours (design §9.3)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import Babel

from kernel import clock
from profiles import labels, wording
from profiles.cases.read import CaseLine
from profiles.cases.ruler import Ruler
from profiles.cases.states import Bucket, State, Turn, bucket_of, turn_of
from profiles.certificates.read import CertificateLine, Status

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
RUNNING = Ruler(
    started=True, used=5, left=3, promise=8, promise_date=date(2026, 3, 9), legal=20, legal_date=date(2026, 4, 9)
)


@pytest.fixture(autouse=True)
def chinese():
    app = Flask(__name__)
    Babel(app, default_locale="zh_CN")
    with app.test_request_context(), clock.use(lambda: NOW):
        yield


def line(state, ruler=RUNNING, **more):
    closed = NOW if bucket_of(state) is Bucket.CLOSED else None
    base = CaseLine(
        id="1", title="事项", item_code=None, case_no="C", short_no=None, department="部门", applicant=None,
        state=state, turn=turn_of(state), bucket=bucket_of(state), submitted_at=NOW, accepted_at=NOW,
        closed_at=closed, changed_at=NOW, due=None, supplement_due=None, reason=None, findings=(), ruler=ruler,
    )  # fmt: skip
    return replace(base, **more)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_tag_and_a_sentence(state):
    text, kind, icon = wording.case_tag(line(state))
    assert text
    assert kind in {"", "info", "warn", "ok", "bad"}
    assert icon
    assert isinstance(wording.case_sentence(line(state)), str)


def test_late_goes_before_the_state():
    late = replace(RUNNING, late_promise=2, left=-2)
    assert wording.case_tag(line(State.IN_REVIEW, late)) == ("超承诺", "bad", "alert")
    assert wording.case_tag(line(State.IN_REVIEW, replace(late, late_legal=1)))[0] == "超法定期限"
    assert wording.case_tag(line(State.GRANTED, late))[0] == "已办结，准予"
    assert wording.case_left(line(State.IN_REVIEW, late)) == "已超过<b>2</b>个工作日"


def test_what_is_left_in_words():
    assert wording.case_left(line(State.IN_REVIEW)) == "承诺还剩<b>3</b>个工作日"
    assert (
        wording.case_left(line(State.IN_REVIEW, replace(RUNNING, promise=None, left=15))) == "法定还剩<b>15</b>个工作日"
    )
    assert wording.case_left(line(State.IN_REVIEW, replace(RUNNING, unit="calendar"))) == "承诺还剩<b>3</b>个自然日"
    assert wording.case_left(line(State.SPECIAL_PROCEDURE, replace(RUNNING, is_paused=True))) == ""
    assert wording.case_left(line(State.SUPPLEMENT_REQUIRED), 5) == "补正期还剩<b>5</b>个工作日"
    assert wording.case_left(line(State.SUPPLEMENT_REQUIRED), -1) == ""
    assert wording.case_left(line(State.SUPPLEMENT_REQUIRED)) == ""
    assert (
        wording.case_left(line(State.GRANTED, replace(RUNNING, closed=True, early=1))) == "比承诺提前<b>1</b>个工作日"
    )
    assert wording.case_left(line(State.SUBMITTED, Ruler())) == ""


def test_a_result_to_fetch_says_so():
    assert "去领取" in wording.case_sentence(line(State.GRANTED, turn=Turn.APPLICANT))
    assert "我的证照" in wording.case_sentence(line(State.GRANTED))


def test_values_in_a_sentence_are_escaped():
    assert wording.strong("名%(n)s", n="<b>") == "名<b>&lt;b&gt;</b>"


def certificate(days_left=None, status=Status.VALID, name="健康合格证明", issuer="顺德区卫生健康局"):
    ends = date(2026, 3, 4) + timedelta(days=days_left) if days_left is not None else None
    return CertificateLine(
        id="1", name=name, type_code="1", type_name=name, number="1", issuer=issuer, holder=None, identifier=None,
        issued_on=None, valid_from=None, valid_to=ends, status=status, days_left=days_left, source="部门",
        received_at=NOW, as_of=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "tag"),
    [
        (0, ("今天到期", "bad", "clock")),
        (20, ("20天后到期", "bad", "clock")),
        (21, ("21天后到期", "warn", "clock")),
        (60, ("60天后到期", "warn", "clock")),
        (61, ("有效", "ok", "check")),
        (None, ("有效", "ok", "check")),
    ],
)
def test_ochre_within_sixty_days_red_within_twenty(days, tag):
    assert wording.certificate_tag(certificate(days)) == tag


@pytest.mark.parametrize("status", list(Status))
def test_every_status_of_a_certificate_has_a_tag(status):
    assert wording.certificate_tag(certificate(5 if status is Status.VALID else None, status))[0]


def test_void_ones_are_grey_and_the_others_coloured_by_kind():
    assert wording.certificate_family(certificate(status=Status.REVOKED)) == "void"
    kinds = {
        "健康合格证明": "health", "机动车驾驶证": "police", "居民身份证": "police", "营业执照": "market",
        "不动产权证书": "land", "结婚证": "civil", "职业技能等级证书": "hr", "什么都不是": "health",
    }  # fmt: skip
    assert {name: wording.certificate_family(certificate(name=name)) for name in kinds} == kinds
    assert wording.family_of("没有线索", "没有") == "police"


def test_names_of_fields_in_words():
    assert labels.field_labels(["name", "phone", "certificate:营业执照"]) == "姓名、手机号码、证照“营业执照”"
    assert labels.field_label("unknown_thing") == "unknown_thing"


@pytest.mark.parametrize("result", ["agreed", "law", "refused", "own", "something"])
def test_every_result_has_a_tag(result):
    assert labels.result_tag(result)[0]


@pytest.mark.parametrize("state", ["fetched", "waiting", "expired"])
def test_every_state_of_a_release_has_words(state):
    assert labels.release_tag(state)[0]
    assert labels.release_sentence(state)
