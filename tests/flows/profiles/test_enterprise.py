"""企业专属网页: for the reported legal representative, and for nobody else."""

from kernel import clock
from tests.factories.reported import ENTERPRISE, OTHER_ENTERPRISE, ago, case, certificate, enterprise, key
from tests.flows.profiles.conftest import ME, OTHER, identified


def org(tail="", number=ENTERPRISE):
    return f"/org/{key(number)}{tail}"


def page(who, path, status=200):
    response = who.get(path)
    assert response.status_code == status, response.text
    return response.text


def registered(market, representative=ME, **more):
    market.report(
        "profile", [enterprise(legal_rep_name="陈晓岚", legal_rep_number=representative, status="存续", **more)]
    )


def test_the_legal_representative_sees_everything_of_the_enterprise(me, market, health):
    registered(market, business_scope="精密机械加工", established_on="2015-03-02")
    health.report("certificate", [certificate(ENTERPRISE, name="排污许可证", holder_name="佛山澜和精密机械有限公司")])
    record = case(
        ENTERPRISE,
        "E-1",
        applicant_name="佛山澜和精密机械有限公司",
        item_name="排污许可证重新申请",
        SL={"accepted_at": ago(3), "promise_limit": "9"},
    )
    health.report("case", record)

    home = page(me, org())

    assert "佛山澜和精密机械有限公司" in page(me, "/org")
    assert "企业专属网页" in home
    assert "佛山澜和精密机械有限公司" in home
    assert ENTERPRISE not in home
    assert "存续" in home
    assert "排污许可证重新申请" in home
    assert f'href="{org("/cases")}"' in home
    assert 'href="/me/cases"' not in home
    assert "排污许可证重新申请" in page(me, org("/cases"))
    assert "排污许可证" in page(me, org("/certificates"))
    profile = page(me, org("/profile"))
    assert "2015年3月2日" in profile
    assert "精密机械加工" in profile
    assert "谁看过企业数据" in page(me, org("/access"))
    assert ENTERPRISE in page(me, org("/profile?reveal=uscc"))


def test_the_persons_own_pages_hold_nothing_of_the_enterprise(me, market, health):
    registered(market)
    health.report("certificate", [certificate(ENTERPRISE, name="排污许可证")])
    assert "排污许可证" not in page(me, "/me/certificates")


def test_nobody_else_learns_that_it_exists(op, market):
    registered(market)
    other = identified(op, number=OTHER, name="李四")
    assert "没有查到您的企业" in page(other, "/org")
    for tail in ("", "/cases", "/certificates", "/profile", "/access", "/cases/x", "/certificates/x"):
        page(other, org(tail), 404)
        page(other, org(tail, OTHER_ENTERPRISE), 404)


def test_a_new_representative_takes_the_place_of_the_old(op, me, market, frozen_clock):
    registered(market)
    page(me, org())
    frozen_clock.advance(days=1)
    me.sign_in()
    registered(market, representative=OTHER, version="2")
    other = identified(op, number=OTHER, name="李四")
    page(me, org(), 404)
    page(other, org())


def test_a_date_that_lies_ahead_does_not_keep_the_old_representative(op, me, market, health, frozen_clock):
    health.report("profile", [enterprise(legal_rep_number=ME, as_of="2099-01-01T00:00:00+08:00")])
    page(me, org())
    frozen_clock.advance(days=1)
    me.sign_in()
    registered(market, representative=OTHER)
    page(me, org(), 404)
    page(identified(op, number=OTHER, name="李四"), org())


def test_certificates_and_cases_of_one_enterprise_are_not_shown_under_another(me, market, health):
    registered(market)
    market.report(
        "profile", [enterprise(OTHER_ENTERPRISE, name="另一家", legal_rep_name="陈晓岚", legal_rep_number=ME)]
    )
    health.report("certificate", [certificate(ENTERPRISE, name="排污许可证", ends=clock.today())])
    path = page(me, org("/certificates")).split(f'href="{org("/certificates/")}')[1].split('"')[0]
    page(me, org(f"/certificates/{path}"))
    page(me, org(f"/certificates/{path}", OTHER_ENTERPRISE), 404)
    page(me, f"/me/certificates/{path}", 404)


def test_an_account_that_is_not_identified_stands_for_nobody(op, market):
    registered(market)
    person = op.person(level=2).sign_in(level=2)
    assert "没有查到您的企业" in page(person, "/org")
    page(person, org(), 404)
