"""The departments' door as a department meets it: credentials, formats, limits, answers and reports."""

import json

import pytest
from sqlalchemy import func, select

from kernel.db import reading, transaction
from profiles.feeds import departments, interpret, reference
from profiles.models.department import Department
from profiles.models.raw import FeedBatch, RawRecord
from tests.factories.feeds import encoded, enterprise, key_of, person
from tests.protocol.parties import ISSUER

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ME = person(5)
ROW = {"SFZH": ME, "XM": "陈晓岚"}


class Office:
    """A department with its credentials, sending over HTTP."""

    def __init__(self, op, *, families=("profile", "case"), serial=1):
        self.op = op
        described = {
            "name": "公安局",
            "uscc": enterprise(80000 + serial),
            "code": f"P{serial}",
            "families": list(families),
        }
        with transaction() as db:
            self.joined = departments.add(db, departments.parse(described))
        answer = op.machine.post(
            "/token",
            base_url=ISSUER,
            data={"grant_type": "client_credentials", "scope": " ".join(self.joined["scopes"])},
            auth=(self.joined["client_id"], self.joined["client_secret"]),
        )
        assert answer.status_code == 200, answer.text
        self.token = answer.json["access_token"]

    def post(self, path, body, content_type=JSON, **headers):
        return self.op.machine.post(
            f"/feeds/v1/{path}",
            base_url=ISSUER,
            data=body,
            content_type=content_type,
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    def get(self, path):
        return self.op.machine.get(path, base_url=ISSUER, headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def office(op):
    return Office(op)


def problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == code
    assert response.json["detail"]
    return response.json


def test_joining_answers_everything_a_department_needs(office):
    joined = office.joined
    assert joined["token_endpoint"] == f"{ISSUER}/token"
    assert joined["endpoint"] == f"{ISSUER}/feeds/v1"
    assert joined["scopes"] == ["feeds:profile", "feeds:case"]
    with reading() as db:
        assert db.scalar(select(Department.client_id)) == joined["client_id"]


def test_a_batch_is_answered_record_by_record_and_can_be_asked_again(office):
    response = office.post("profile", json.dumps([ROW, {"SFZH": "1", "XM": "x"}, ROW]))
    assert response.status_code == 200, response.text
    assert response.headers["Location"] == f"/feeds/v1/batches/{response.json['batch']}"
    assert response.json["counts"] == {
        "total": 3,
        "accepted": 1,
        "accepted_with_findings": 0,
        "refused": 1,
        "duplicate": 1,
    }
    assert [(r["position"], r["status"]) for r in response.json["records"]] == [
        (1, "accepted"),
        (2, "refused"),
        (3, "duplicate"),
    ]
    (finding,) = response.json["records"][1]["findings"]
    assert finding["field"] == "SFZH"
    assert finding["code"] == "citizen_id_shape"
    assert finding["remedy"]
    again = office.get(response.headers["Location"])
    assert again.json == response.json
    page = office.get(f"{response.headers['Location']}?after=1&limit=1").json
    assert [record["position"] for record in page["records"]] == [2]
    assert page["next"] == 2
    assert ME not in response.text


@pytest.mark.parametrize(
    ("form", "content_type", "encoding", "found"),
    [
        ("json", JSON, "utf-8", "utf-8"),
        ("ndjson", NDJSON, "utf-8-sig", "utf-8-sig"),
        ("csv", CSV, "gbk", "gbk"),
        ("csv", "text/csv; charset=GB18030", "gb18030", "gb18030"),
        ("xlsx", XLSX, "", "binary"),
    ],
)
def test_formats_and_encodings(office, form, content_type, encoding, found):
    response = office.post("profile", encoded([ROW], form, encoding or "utf-8"), content_type)
    assert response.status_code == 200, response.text
    assert response.json["encoding"] == found
    assert response.json["records"][0]["status"] == "accepted"


def test_the_table_of_a_batch_is_named_in_the_address(office):
    row = {"SBLSH": "1", "发生时间": "2026-03-01", "BLSX": "8"}
    assert office.post("case?table=SL", json.dumps([row])).json["records"][0]["status"] == "accepted"
    assert office.post("case", json.dumps([row])).json["records"][0]["findings"][0]["code"] == "unknown_table"


def test_an_unknown_family_lists_the_families(office):
    found = problem(office.post("weather", "[]"), 404, "unknown_family")
    assert found["families"] == ["case", "certificate", "item", "profile"]


def test_without_a_token_or_with_a_foreign_one_nothing_is_taken(op, office):
    bare = op.machine.post("/feeds/v1/profile", base_url=ISSUER, data="[]", content_type=JSON)
    assert bare.status_code == 401
    assert bare.headers["WWW-Authenticate"].startswith("Bearer")
    wrong = office.post("profile", "[]", Authorization="Bearer nonsense")
    assert wrong.status_code == 401
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    lacking = office.post("certificate", "[]")
    assert lacking.status_code == 403
    assert 'error="insufficient_scope"' in lacking.headers["WWW-Authenticate"]


def test_a_client_that_is_no_department_is_refused(op, office):
    machine = op.machine_client("feeds:profile")
    token = op.token(machine, grant_type="client_credentials", scope="feeds:profile").json["access_token"]
    problem(office.post("profile", "[]", Authorization=f"Bearer {token}"), 403, "not_a_department")


def test_a_disabled_department_is_refused(office):
    with transaction() as db:
        department = db.scalar(select(Department))
        department.disabled_at = department.created_at
    problem(office.post("profile", "[]"), 403, "not_a_department")


def test_another_department_s_batch_is_not_there(op, office):
    other = Office(op, serial=2)
    where = office.post("profile", json.dumps([ROW])).headers["Location"]
    problem(other.get(where), 404, "unknown_batch")
    problem(office.get("/feeds/v1/batches/0"), 404, "unknown_batch")
    problem(office.get(f"{where}?limit=-1"), 400, "bad_parameter")


def test_a_body_of_another_media_type_is_refused(office):
    found = problem(office.post("profile", "<a/>", "application/xml"), 415, "unsupported_media_type")
    assert JSON in found["media_types"]


def test_limits_are_named(office):
    large = problem(office.post("profile", b"[" + b" " * (16 * 1024 * 1024) + b"]"), 413, "too_large")
    assert large["max_bytes"] == 16 * 1024 * 1024
    many = problem(office.post("profile", b"[" + b"{}," * 10_000 + b"{}]"), 413, "too_many_records")
    assert many["max_records"] == 10_000


def test_broken_bodies_are_told_with_their_place_and_store_nothing(office):
    found = problem(office.post("profile", b'[{"SFZH": 1},\n{"SFZH" 2}]'), 400, "invalid_json")
    assert (found["line"], found["column"]) == (2, 9)
    assert problem(office.post("profile", b"SFZH\n\xff\xff\n", CSV), 400, "bad_encoding")["line"] == 2
    problem(office.post("profile", b"a,b\n1,2\n", CSV), 400, "unknown_columns")
    problem(office.post("profile", b"", CSV), 400, "no_header")
    problem(office.post("profile", b"[]", XLSX), 400, "unreadable_workbook")
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(FeedBatch)) == 0


def test_an_empty_batch_is_a_batch(office):
    assert office.post("profile", b"[]").json["counts"]["total"] == 0


def test_valid_rows_of_a_broken_file_are_taken_and_the_rest_is_kept(office):
    body = f'{{"SFZH": "{ME}", "XM": "陈晓岚"}}\n{{"SFZH": \n'.encode()
    response = office.post("profile", body, NDJSON)
    assert [record["status"] for record in response.json["records"]] == ["accepted", "refused"]
    with reading() as db:
        assert db.scalars(select(RawRecord.content).order_by(RawRecord.position)).all()[1] == '{"SFZH":'


def test_what_was_stored_is_answered_although_the_database_stops(office, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def stop(*_args):
        raise OperationalError("select", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(interpret, "_interpret", stop)
        response = office.post("profile", json.dumps([ROW]))
    assert response.status_code == 202
    assert office.get(response.headers["Location"]).json["status"] == "received"
    interpret.run(response.json["batch"])
    assert office.get(response.headers["Location"]).json["counts"]["accepted"] == 1


def test_the_pace_of_one_department_is_limited(office, monkeypatch):
    from profiles.feeds import endpoint

    monkeypatch.setattr(endpoint.limits, "allow", lambda *_args, **_options: False)
    response = office.post("profile", b"[]")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "60"


def test_administrators_see_batches_and_findings_and_nobody_else_does(op, office):
    batch = office.post("profile", json.dumps([ROW, {"SFZH": "1"}])).json["batch"]
    person_ = op.person(admin=True).sign_in()
    listed = person_.get("/admin/feeds")
    assert listed.status_code == 200, listed.text
    assert "公安局" in listed.text
    shown = person_.get(f"/admin/feeds/{batch}?status=refused")
    assert "SFZH" in shown.text
    assert "citizen_id_shape" in shown.text
    assert ME not in shown.text
    assert person_.get("/admin/feeds/unknown").status_code == 404
    assert person_.get(f"/admin/feeds/{batch}?after=x").status_code == 404
    assert op.person().sign_in().get("/admin/feeds").status_code == 403
    assert op.visitor().get("/admin/feeds").status_code == 303


def test_batches_are_paged_by_keyset(op, office):
    for _ in range(32):
        office.post("profile", b"[]")
    person_ = op.person(admin=True).sign_in()
    first = person_.get("/admin/feeds").text
    assert first.count("/admin/feeds/0") == 30
    after = first.split("/admin/feeds?after=")[1].split('"')[0]
    assert person_.get(f"/admin/feeds?after={after}").text.count("/admin/feeds/0") == 2


def test_departments_are_described_by_files(op, office, tmp_path):
    runner = op.app.test_cli_runner()
    file = tmp_path / "department.json"
    file.write_text(json.dumps({"name": "医保局", "uscc": enterprise(7), "code": "YB", "families": ["profile"]}))
    added = runner.invoke(args=["feeds", "add", str(file)])
    assert added.exit_code == 0, added.output
    assert set(json.loads(added.output)) >= {"client_id", "client_secret", "token_endpoint", "endpoint"}
    again = runner.invoke(args=["feeds", "add", str(file)])
    assert again.exit_code == 1
    assert "department_exists" in again.output
    file.write_text(json.dumps({"name": "", "uscc": "1", "families": ["weather"]}))
    wrong = runner.invoke(args=["feeds", "add", str(file)])
    assert wrong.exit_code == 1
    assert all(name in wrong.output for name in ("name", "uscc", "code", "families"))
    file.write_text("{")
    assert "not JSON" in runner.invoke(args=["feeds", "add", str(file)]).output


def test_commands_read_again_and_seed_the_calendar(op, office):
    runner = op.app.test_cli_runner()
    office.post("profile", json.dumps([ROW]))
    assert runner.invoke(args=["feeds", "reinterpret", "--family", "profile"]).output == "1 batches\n"
    assert runner.invoke(args=["feeds", "reinterpret", "--department", "P1"]).output == "1 batches\n"
    assert runner.invoke(args=["feeds", "reinterpret", "--department", "none"]).exit_code == 1
    assert runner.invoke(args=["feeds", "reinterpret", "--family", "none"]).exit_code == 1
    seeded = runner.invoke(args=["calendar", "seed", "--from", "2026", "--to", "2027"])
    assert seeded.output == "730 days\n"


def test_the_reference_is_made_from_the_families():
    text = reference.markdown()
    assert "| `case_no` | `SBLSH`" in text
    assert "`version_reused`" in text


def test_data_fed_before_the_first_login_waits_under_the_party_s_key(office):
    from profiles import facts

    office.post("profile", json.dumps([ROW]))
    with reading() as db:
        party = facts.party_of(db, key_of(ME))
    assert party is not None
    assert party.name == "陈晓岚"
