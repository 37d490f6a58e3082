"""J3 below the browser: a portal asks, the person sees exactly what will be sent, the portal fetches it once."""

import hashlib
import json
import re
import threading
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from kernel import clock
from kernel.audit import AuditEntry
from kernel.db import reading, transaction
from profiles.access import Result
from profiles.access_log import access_of
from profiles.materials import receipts, release
from profiles.models.reuse import ReuseIntent, ReusePackage, ReuseRelease
from tests.factories.reported import HEALTH, ITEM, certificate, key, person
from tests.flows.profiles.conftest import ME, OTHER, identified
from tests.protocol.parties import CALLBACK, ISSUER

DAY = timedelta(days=1)
NEEDED = [
    {"material_code": "M1", "name": "负责人身份证明", "accept": ["field:id_number"]},
    {"material_code": "M2", "name": "健康证明", "accept": ["certificate:健康合格证明"]},
    {"material_code": "M3", "name": "检测报告", "accept": ["certificate:检测报告"], "max_age_days": 365},
]


class Asking:
    """A portal with a token for the interface of reuse."""

    def __init__(self, op, **client):
        self.op = op
        grants = {"grant_types": ["authorization_code", "client_credentials"], "scope": "openid materials"}
        self.portal = op.portal(**(grants | client))
        self.renew()

    def renew(self):
        answer = self.op.token(self.portal, grant_type="client_credentials", scope="materials")
        assert answer.status_code == 200, answer.text
        self.bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}

    def post(self, path, body, headers=None):
        return self.op.machine.post(
            path, base_url=ISSUER, json=body, headers=self.bearer if headers is None else headers
        )

    def intent(self, **changes):
        body = {
            "item_code": ITEM,
            "purpose": "许可申请",
            "return_uri": CALLBACK,
            "state": "s&t=1",
            "needed": NEEDED,
        } | changes
        return self.post("/reuse/v1/intents", {name: value for name, value in body.items() if value is not None})

    def asked(self, **changes):
        answer = self.intent(**changes)
        assert answer.status_code == 201, answer.text
        return answer.json["intent_id"]

    def redeem(self, code, **changes):
        return self.post("/reuse/v1/redeem", {"code": code} | changes)


@pytest.fixture
def portal(op, health):
    health.report("item", [{"code": ITEM, "name": "公共场所卫生许可（新办）"}])
    return Asking(op, client_name="顺德区办事大厅")


@pytest.fixture
def papers(police, health):
    """What is held: a number, two certificates that fit one need, one that is too old for another."""
    police.report("profile", [person(ME, phone="13800006620")])
    today = clock.today()
    health.report("certificate", [
        certificate(ME, serial=1, ends=today + 30 * DAY),
        certificate(ME, serial=2, ends=today + 300 * DAY),
        certificate(ME, serial=3, ends=today - DAY),
        certificate(ME, serial=4, name="检测报告", type_name="检测报告", issued_on=(today - 400 * DAY).isoformat()),
    ])  # fmt: skip


def opened(who, intent_id, status=200):
    response = who.get(f"/reuse/{intent_id}")
    assert response.status_code == status, response.text
    return response


def chosen(page):
    """The radio buttons that are preselected."""
    return dict(re.findall(r'name="(need-\d+)" id="[^"]+" value="([^"]+)" checked', page))


def options(page, field):
    return re.findall(rf'name="{field}" id="[^"]+" value="([^"]+)"', page)


def decide(who, intent_id, page, decision="give", **choices):
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    form = {"csrf_token": token, "decision": decision, **chosen(page), **choices}
    return who.http.post(f"/reuse/{intent_id}", base_url=ISSUER, data=form, headers={"Origin": ISSUER})


def landing(response):
    assert response.status_code == 303, response.text
    address = response.headers["Location"]
    assert address.startswith(f"{CALLBACK}&")
    return dict(parse_qsl(urlsplit(address).query))


def released(portal, who, **choices):
    intent_id = portal.asked()
    page = opened(who, intent_id).text
    return landing(decide(who, intent_id, page, **choices))["code"]


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# ---- the whole way


def test_the_package_is_what_was_shown_endorsed_hashed_and_given_once(portal, me, papers):
    intent = portal.intent()
    assert intent.status_code == 201
    assert intent.json["preview_url"] == f"{ISSUER}/reuse/{intent.json['intent_id']}"
    intent_id = intent.json["intent_id"]

    response = opened(me, intent_id)
    page = response.text
    for shown in (
        "需要3份材料，2份已经有了",
        "顺德区办事大厅",
        "许可申请",
        ME,
        "粤健4406000002",
        "粤健4406000001",
        "广东省公安厅",
    ):
        assert shown in page
    assert "不能用：已过有效期" in page
    assert "不能用：对方要365天以内的，这份是400天前的" in page
    assert len(options(page, "need-2")) == 3  # two that can be used, and none of them
    assert "form-action 'self' https://portal.example.gov.cn;" in response.headers["Content-Security-Policy"]

    answer = landing(decide(me, intent_id, page))
    assert answer["state"] == "s&t=1"
    assert answer["from"] == "kapok"

    package = portal.redeem(answer["code"])
    assert package.status_code == 200
    assert package.headers["Cache-Control"] == "no-store"
    told = package.json
    assert told["item"] == {"code": ITEM, "name": "公共场所卫生许可（新办）"}
    assert told["not_given"] == ["M3"]
    number, paper = told["materials"]
    assert (number["material_code"], number["value"], number["source"]) == ("M1", ME, "广东省公安厅")
    assert paper["number"] == "粤健4406000002"
    assert paper["endorsement"] == "仅用于公共场所卫生许可（新办） 2026-03-04"
    for material in told["materials"]:
        said = material.pop("hash")
        assert said == f"sha256:{hashlib.sha256(canonical(material)).hexdigest()}"
    assert portal.redeem(answer["code"]).status_code == 410


def test_it_is_on_the_persons_record_and_in_the_access_log(portal, me, papers):
    code = released(portal, me)
    page = me.get("/me/materials").text
    assert "公共场所卫生许可（新办）" in page
    assert "等待对方取走" in page
    portal.redeem(code)

    path = re.search(r'href="(/me/materials/[0-9a-f]{32})"', page)[1]
    receipt = me.get(path).text
    assert "已送达" in receipt
    assert "没有给：检测报告" in receipt
    assert "负责人身份证明" in receipt
    assert ME not in receipt
    log = me.get("/me/access").text
    assert "顺德区办事大厅" in log
    assert "身份证号码、证照“健康合格证明”" in log
    assert "用途：公共场所卫生许可（新办）：许可申请　依据：您的授权" in log
    assert f'href="{path}"' in log
    assert path in me.get("/me").text


def test_until_it_is_fetched_nobody_has_looked(portal, me, papers):
    released(portal, me)
    with reading() as db:
        assert not access_of(db, key(ME)).items


def test_the_person_chooses_another_candidate_and_leaves_one_out(portal, me, papers):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    first, second, nothing = options(page, "need-2")
    assert (chosen(page)["need-2"], nothing) == (first, "none")
    code = landing(decide(me, intent_id, page, **{"need-1": "none", "need-2": second}))["code"]
    told = portal.redeem(code).json
    assert [material["number"] for material in told["materials"]] == ["粤健4406000001"]
    assert told["not_given"] == ["M1", "M3"]


def test_refusing_gives_nothing_and_is_written_down(portal, me, papers):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    answer = landing(decide(me, intent_id, page, decision="refuse"))
    assert answer["error"] == "access_denied"
    assert "code" not in answer
    with reading() as db:
        (look,) = access_of(db, key(ME), (Result.REFUSED,)).items
        assert look.who == "顺德区办事大厅"
        assert "id_number" in look.fields
        assert not db.scalars(select(ReuseRelease)).all()
    assert "您没有同意这次请求" in opened(me, intent_id).text
    assert decide(me, intent_id, page).status_code == 409


def test_giving_nothing_is_not_giving(portal, me, papers):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    response = decide(me, intent_id, page, **{"need-1": "none", "need-2": "none"})
    assert response.status_code == 400
    assert "请至少选一份材料" in response.text
    assert "<title>错误：" in response.text
    assert landing(decide(me, intent_id, response.text, **{"need-1": chosen(page)["need-1"]}))["code"]


def test_what_changed_meanwhile_has_to_be_seen_again(portal, me, papers, health, frozen_clock):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    frozen_clock.advance(minutes=1)
    health.report(
        "certificate", [certificate(ME, serial=2, ends=clock.today() + 300 * DAY, status="撤销", version="2")]
    )

    response = decide(me, intent_id, page)

    assert response.status_code == 409
    assert "资料刚刚更新了" in response.text
    assert "不能用：已被撤销" in response.text
    code = landing(decide(me, intent_id, response.text))["code"]
    assert portal.redeem(code).json["materials"][1]["number"] == "粤健4406000001"


@pytest.mark.parametrize("mark", ["certificate:x:y", "field:phone:0", "", "field:id_number:0000000000000000"])
def test_only_what_was_offered_can_be_chosen(portal, me, papers, mark):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    assert decide(me, intent_id, page, **{"need-1": mark}).status_code == 409


def test_nothing_held_can_only_be_refused(portal, op):
    other = identified(op, number=OTHER, name="李四")
    intent_id = portal.asked()
    page = opened(other, intent_id).text
    assert "需要3份材料，0份已经有了" in page
    assert 'value="give"' not in page
    assert landing(decide(other, intent_id, page, decision="refuse"))["error"] == "access_denied"


def test_a_decision_is_made_once(portal, me, papers):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    landing(decide(me, intent_id, page))
    again = decide(me, intent_id, page)
    assert again.status_code == 409
    assert "这次的材料已经交过了" in opened(me, intent_id).text
    with reading() as db:
        assert len(db.scalars(select(ReuseRelease)).all()) == 1


# ---- whose it is


def test_the_first_who_opens_it_is_the_only_one(portal, op, me, papers):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    other = identified(op, number=OTHER, name="李四")
    opened(other, intent_id, 404)
    other_page = opened(other, portal.asked()).text
    assert decide(other, intent_id, other_page, **chosen(page)).status_code == 404


def test_a_portal_can_name_the_person_it_means(portal, op, me, papers):
    op.consent(me, portal.portal, "profile")
    sub = op.read(op.tokens(portal.portal, me)["id_token"]).claims["sub"]
    intent_id = portal.asked(subject=sub)
    other = identified(op, number=OTHER, name="李四")
    opened(other, intent_id, 404)
    assert landing(decide(me, intent_id, opened(me, intent_id).text))["code"]
    assert portal.intent(subject="nobody").json["fields"] == {"subject": "unknown"}


def test_an_unknown_intent_is_not_found(me, app):
    opened(me, "0" * 32, 404)


# ---- time


def test_a_preview_is_open_for_half_an_hour(portal, me, papers, frozen_clock):
    intent_id = portal.asked()
    opened(me, intent_id)
    frozen_clock.advance(minutes=30)
    me.sign_in()
    closed = opened(me, intent_id)
    assert "这次请求已经过期" in closed.text
    assert f"{CALLBACK.replace('&', '&amp;')}&amp;error=access_denied" in closed.text
    assert "error=access_denied" in closed.text


def test_a_decision_after_half_an_hour_gives_nothing(portal, me, papers, frozen_clock):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    for _step in range(3):
        frozen_clock.advance(minutes=10)
        me.get("/me/materials")  # keeps the session alive
    assert decide(me, intent_id, page).status_code == 409
    with reading() as db:
        assert not db.scalars(select(ReuseRelease)).all()


def test_a_package_is_there_for_ten_minutes(portal, me, papers, frozen_clock):
    code = released(portal, me)
    frozen_clock.advance(minutes=10)
    portal.renew()
    assert portal.redeem(code).status_code == 410
    release.forget_packages()
    with reading() as db:
        package = db.scalars(select(ReusePackage)).one()
        assert (package.content, package.used_at) == (None, None)
    assert "没有取走，已失效" in me.get("/me/materials").text


def test_a_fetched_package_leaves_nothing_behind(portal, me, papers):
    portal.redeem(released(portal, me))
    with reading() as db:
        assert db.scalars(select(ReusePackage.content)).one() is None
        assert ME not in str(db.execute(select(ReuseRelease.released, ReuseRelease.withheld)).all())


def test_a_waiting_package_is_sealed(portal, me, papers):
    released(portal, me)
    with reading() as db:
        stored = db.execute(text("SELECT content FROM reuse_package")).scalar_one()
    assert ME.encode() not in bytes(stored)


# ---- the machine door


def test_only_the_client_that_asked_can_fetch(portal, op, me, papers):
    code = released(portal, me)
    thief = Asking(op, client_name="别的门户")
    assert thief.redeem(code).status_code == 410
    assert portal.redeem(code).status_code == 200


def test_fetching_again_is_audited(portal, me, papers):
    code = released(portal, me)
    portal.redeem(code)
    portal.redeem(code)
    with reading() as db:
        outcomes = db.scalars(
            select(AuditEntry.outcome).where(AuditEntry.act == "reuse.redeemed").order_by(AuditEntry.id)
        )
        assert list(outcomes) == ["ok", "code_not_usable"]


def test_of_many_at_once_one_gets_it(portal, me, papers):
    code = released(portal, me)
    start, answers = threading.Barrier(6), []

    def fetch():
        start.wait()
        answers.append(portal.redeem(code).status_code)

    threads = [threading.Thread(target=fetch) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [410] * 5
    with reading() as db:
        assert len(access_of(db, key(ME)).items) == 1


@pytest.mark.parametrize("body", [{"code": ""}, {"code": 5}, {"code": "x" * 200}, {}, {"code": None}])
def test_a_code_that_is_none(portal, body):
    answer = portal.post("/reuse/v1/redeem", body)
    assert answer.status_code == 400
    assert answer.json["fields"] == {"code": "required"}


def test_a_code_that_never_was(portal):
    assert portal.redeem("nothing").status_code == 410


@pytest.mark.parametrize("path", ["/reuse/v1/intents", "/reuse/v1/redeem"])
def test_a_token_with_the_scope_is_needed(portal, op, path):
    assert portal.post(path, {}, headers={}).status_code == 401
    assert portal.post(path, {}, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    feeder = op.machine_client("feeds:case")
    token = op.token(feeder, grant_type="client_credentials").json["access_token"]
    refused = portal.post(path, {}, headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403
    assert "insufficient_scope" in refused.headers["WWW-Authenticate"]


def need(**changes):
    return [{"material_code": "M", "name": "材料", "accept": ["field:phone"]} | changes]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"item_code": None}, {"item_code": "required"}),
        ({"item_code": "114"}, {"item_code": "unknown"}),
        ({"purpose": "x" * 201}, {"purpose": "too_long"}),
        ({"purpose": 7}, {"purpose": "not_text"}),
        ({"purpose": " "}, {"purpose": "malformed"}),
        ({"state": "x" * 513}, {"state": "too_long"}),
        ({"return_uri": "https://evil.example/"}, {"return_uri": "not_registered"}),
        ({"return_uri": CALLBACK + "&x=1"}, {"return_uri": "not_registered"}),
        ({"needed": None}, {"needed": "required"}),
        ({"needed": []}, {"needed": "required"}),
        ({"needed": {}}, {"needed": "required"}),
        ({"needed": [5]}, {"needed.0": "malformed"}),
        ({"needed": need() * 21}, {"needed": "too_many"}),
        ({"needed": need() * 2}, {"needed.1.material_code": "repeated"}),
        ({"needed": need(accept=[])}, {"needed.0.accept": "required"}),
        (
            {"needed": need(accept=["phone", "field:nothing"])},
            {"needed.0.accept.0": "malformed", "needed.0.accept.1": "unknown_field"},
        ),
        ({"needed": need(max_age_days=True)}, {"needed.0.max_age_days": "not_a_number"}),
        ({"needed": need(max_age_days=0)}, {"needed.0.max_age_days": "not_a_number"}),
        ({"needed": need(material_code="a b")}, {"needed.0.material_code": "malformed"}),
        ({"needed": need(name="第一行\n第二行")}, {"needed.0.name": "malformed"}),
    ],
)
def test_every_fault_of_a_request_is_named(portal, changes, faults):
    answer = portal.intent(**changes)
    assert answer.status_code == 400
    assert answer.json["fields"] == faults


def test_all_faults_are_told_at_once(portal):
    answer = portal.intent(purpose=None, item_code=None, needed=need(accept=["x"]))
    assert set(answer.json["fields"]) == {"purpose", "item_code", "needed.0.accept.0"}


@pytest.mark.parametrize("body", [[], "x", 5])
def test_a_body_that_is_no_object(portal, body):
    answer = portal.post("/reuse/v1/intents", body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_names_of_a_portal_are_text(op, me, papers, health):
    health.report("item", [{"code": ITEM, "name": "许可<b>"}])
    asking = Asking(op, client_name="<script>门户")
    intent_id = asking.asked(purpose="<i>用途", needed=need(name="<u>材料"))
    page = opened(me, intent_id).text
    for hostile in ("<script>门户", "<i>用途", "<u>材料", "许可<b>"):
        assert hostile not in page
        assert hostile.replace("<", "&lt;").replace(">", "&gt;") in page


# ---- receipts


def test_receipts_are_a_chain_that_shows_every_change(portal, me, papers):
    for _number in range(3):
        released(portal, me)
    with reading() as db:
        chain = db.scalars(select(ReuseRelease).order_by(ReuseRelease.seq)).all()
        assert [link.seq for link in chain] == [1, 2, 3]
        assert chain[0].previous_hash == receipts.FIRST
        assert [link.previous_hash for link in chain[1:]] == [link.hash for link in chain[:2]]
        assert receipts.verify(db, key(ME)) == []


def test_the_database_refuses_to_change_a_receipt(portal, me, papers):
    released(portal, me)
    with pytest.raises(DatabaseError), transaction() as db:
        db.execute(update(ReuseRelease).values(purpose="别的"))


def test_a_change_behind_its_back_is_found(portal, me, papers, database):
    for _number in range(3):
        released(portal, me)
    with transaction() as db:
        if database.startswith("sqlite"):
            db.execute(text("DROP TRIGGER reuse_release_no_update"))
        else:
            db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text("UPDATE reuse_release SET purpose = 'x' WHERE seq = 2"))
        ids = db.scalars(select(ReuseRelease.id).order_by(ReuseRelease.seq)).all()
        assert receipts.verify(db, key(ME)) == [ids[1]]


def test_receipts_of_others_are_not_found(portal, op, me, papers):
    released(portal, me)
    path = re.search(r'href="(/me/materials/[0-9a-f]{32})"', me.get("/me/materials").text)[1]
    other = identified(op, number=OTHER, name="李四")
    assert other.get(path).status_code == 404
    assert "还没有用过" in other.get("/me/materials").text


def test_many_receipts_are_paged(portal, me, papers):
    for _number in range(22):
        released(portal, me)
    first = me.get("/me/materials").text
    older = re.search(r'href="([^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = me.get(older).text
    pattern = r'href="(/me/materials/[0-9a-f]{32})"'
    assert len(re.findall(pattern, first)) == 20
    assert len(re.findall(pattern, second)) == 2
    assert not set(re.findall(pattern, first)) & set(re.findall(pattern, second))


def test_a_form_without_its_token_does_nothing(portal, me, papers):
    intent_id = portal.asked()
    page = opened(me, intent_id).text
    response = me.http.post(f"/reuse/{intent_id}", base_url=ISSUER, data={"decision": "give", **chosen(page)})
    assert response.status_code == 400
    with reading() as db:
        assert db.scalars(select(ReuseIntent.outcome)).one() is None


def test_the_department_that_reported_is_not_the_reader(portal, me, papers):
    portal.redeem(released(portal, me))
    with reading() as db:
        (look,) = access_of(db, key(ME)).items
    assert look.who == "顺德区办事大厅"
    assert HEALTH not in str(look)
