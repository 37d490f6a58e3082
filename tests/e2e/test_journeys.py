"""The journeys of the mission in a real browser, against the demonstration as a newcomer starts it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import person
from tests.servers.demo import Demo

CHEN, HE, WANG = "陈晓岚", "何志强", "王䶮"


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("embedded", marks=pytest.mark.xdist_group("embedded")),
        pytest.param("production", marks=pytest.mark.xdist_group("production")),
    ],
)
def demo(request: pytest.FixtureRequest) -> Demo:
    running: Demo = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def browsing(browser: Browser, demo: Demo) -> Iterator[BrowserContext]:
    with person(browser, demo.issuer) as context:
        yield context


def screens(page: Page, origin: str) -> list[str]:
    """Collects the pages of Kapok that the person is shown, by path; redirects in between do not count."""
    seen: list[str] = []
    page.on(
        "response",
        lambda r: (
            seen.append(r.url.removeprefix(origin).split("?")[0])
            if r.url.startswith(origin) and r.status == 200 and r.request.resource_type == "document"
            else None
        ),
    )
    return seen


def at_the_city(page: Page, demo: Demo, name: str) -> None:
    account = demo.account(name)
    page.get_by_label("账号").fill(account["login"])
    page.get_by_label("密码").fill(account["password"])
    page.get_by_role("button", name="登录", exact=True).click()


def by_the_city(page: Page, demo: Demo, name: str) -> None:
    """From a portal's login button through the city's own system to the first page that asks something."""
    page.locator("main").get_by_role("link", name="登录").or_(
        page.locator("main").get_by_role("button", name="登录")
    ).first.click()
    page.get_by_role("link", name=re.compile("^深圳")).click()
    at_the_city(page, demo, name)


def into_the_portal(page: Page, demo: Demo, name: str) -> None:
    page.goto(demo.sheet["portal"]["url"])
    by_the_city(page, demo, name)
    page.wait_for_url(re.compile("/link|/consent|" + re.escape(demo.sheet["portal"]["url"])))
    if "/link" in page.url:
        page.get_by_role("button", name="信息正确，继续").click()
    page.wait_for_url(re.compile("/consent|" + re.escape(demo.sheet["portal"]["url"])))
    if "/consent" in page.url:
        page.get_by_label(re.compile("^到20")).check()
        page.get_by_role("button", name="同意并继续").click()
    page.wait_for_url(re.compile(re.escape(demo.sheet["portal"]["url"])))


def to_my_page(page: Page, demo: Demo, name: str = CHEN) -> None:
    into_the_portal(page, demo, name)
    page.goto(f"{demo.issuer}/me")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_j1_first_time_three_screens_second_portal_none(browsing: BrowserContext, demo: Demo) -> None:
    page = browsing.new_page()
    seen = screens(page, demo.issuer)
    page.goto(demo.sheet["portal"]["url"])
    by_the_city(page, demo, WANG)
    expect(page.get_by_role("heading", level=1)).to_contain_text("首次用深圳")
    expect(page.locator("main")).to_contain_text("王䶮")
    page.get_by_role("button", name="信息正确，继续").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("想获取您的信息")
    expect(page.locator("main")).to_contain_text("王䶮")
    page.get_by_label(re.compile("^到20")).check()
    page.get_by_role("button", name="同意并继续").click()
    expect(page.locator("body")).to_contain_text("王䶮")
    assert page.url.startswith(demo.sheet["portal"]["url"])
    assert seen == ["/login", "/link", "/consent"]

    seen.clear()
    page.goto(demo.sheet["second_portal"]["url"])
    page.locator("main").get_by_role("link", name="登录").or_(
        page.locator("main").get_by_role("button", name="登录")
    ).first.click()
    expect(page.locator("body")).to_contain_text("王䶮")
    assert page.url.startswith(demo.sheet["second_portal"]["url"])
    assert seen == [], "a second portal asks nothing"


def test_j1_the_next_time_is_remembered(browser: Browser, browsing: BrowserContext, demo: Demo) -> None:
    page = browsing.new_page()
    into_the_portal(page, demo, CHEN)
    with person(browser, demo.issuer) as another_device:
        again = another_device.new_page()
        seen = screens(again, demo.issuer)
        again.goto(demo.sheet["portal"]["url"])
        by_the_city(again, demo, CHEN)
        expect(again.locator("body")).to_contain_text(CHEN)
        assert seen == ["/login"], "neither the link nor the consent is asked for again"


def test_j2_cases_certificates_and_values_tell_their_source(browsing: BrowserContext, demo: Demo) -> None:
    page = browsing.new_page()
    to_my_page(page, demo)
    main = page.locator("main")
    expect(main).to_contain_text("待您处理")
    expect(main).to_contain_text("补正")
    expect(page.get_by_role("img", name=re.compile("办理时限")).first).to_be_visible()

    page.get_by_role("link", name="公共场所卫生许可（新办）").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("公共场所卫生许可（新办）")
    expect(main).to_contain_text("不计入")  # the special procedure stops the clock
    expect(main).to_contain_text("工作日")
    expect(page.get_by_role("heading", name="办理过程")).to_be_visible()
    assert page.locator("ol.tl > li").count() >= 6

    page.goto(f"{demo.issuer}/me/certificates")
    expect(main).to_contain_text("从业人员健康合格证明")
    expect(main).to_contain_text("30天")
    page.goto(f"{demo.issuer}/me/profile")
    expect(main).to_contain_text("广东省公安厅")
    expect(main).to_contain_text("440199********0606")
    expect(main).not_to_contain_text("440199198806120606")


def test_j2_an_enterprise_has_the_same_for_its_legal_representative(browsing: BrowserContext, demo: Demo) -> None:
    page = browsing.new_page()
    account = demo.account(HE)
    page.goto(f"{demo.issuer}/login")
    page.get_by_label("手机号、身份证号或用户名").fill(account["login"])
    page.get_by_label("密码").fill(account["password"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"{demo.issuer}/me")
    page.goto(f"{demo.issuer}/org")
    page.get_by_role("link", name=re.compile("云帆软件")).first.click()
    expect(page.locator("main")).to_contain_text("云帆软件")
    expect(page.locator("main")).to_contain_text("食品经营许可")


def test_j3_materials_are_previewed_chosen_handed_over_once_and_logged(browsing: BrowserContext, demo: Demo) -> None:
    page = browsing.new_page()
    into_the_portal(page, demo, CHEN)
    page.goto(demo.sheet["portal"]["url"])
    page.get_by_role("link", name=re.compile("机动车驾驶证期满换证")).click()
    page.get_by_role("button", name="用已有的材料").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("需要5份材料")
    main = page.locator("main")
    expect(main).to_contain_text("东莞市公安局交通警察支队")
    phone = page.get_by_role("group", name=re.compile("联系电话"))
    phone.get_by_text("不提供这份材料").click()
    page.get_by_role("button", name="用这些材料，继续").click()
    page.wait_for_url(re.compile(re.escape(demo.sheet["portal"]["url"])))
    expect(main).to_contain_text("收到3份材料")
    expect(main).to_contain_text("仅用于机动车驾驶证期满换证")
    expect(main).not_to_contain_text("199000")
    page.goto(f"{demo.issuer}/me/access")
    expect(main).to_contain_text("深圳市网上办事大厅（演示）")
    page.goto(f"{demo.issuer}/me/materials")
    expect(main).to_contain_text("机动车驾驶证期满换证")


def test_j6_one_message_and_one_letter(browsing: BrowserContext, demo: Demo) -> None:
    page = browsing.new_page()
    to_my_page(page, demo)
    main = page.locator("main")
    for _attempt in range(30):
        page.goto(f"{demo.issuer}/demo/mail")
        if page.get_by_role("heading", name=re.compile("从业人员健康合格证明")).count():
            break
        page.wait_for_timeout(1000)
    assert page.get_by_role("heading", name=re.compile("从业人员健康合格证明")).count() == 1
    page.goto(f"{demo.issuer}/me/messages")
    assert main.get_by_role("link", name=re.compile("从业人员健康合格证明")).count() == 1
    main.get_by_role("link", name=re.compile("从业人员健康合格证明")).click()
    expect(main).to_contain_text("邮件已于")
    page.get_by_role("link", name="查看证照").click()
    expect(main).to_contain_text("从业人员健康合格证明")


def test_the_arrangement_is_the_one_it_says(demo: Demo) -> None:
    distributed = "CELERY_BROKER_URL" in demo.settings
    assert len(demo.children("wsgi:app")) == (3 if distributed else 2)  # granian itself and its processes
    assert len(demo.children("--hostname")) >= (2 if distributed else 0)
    assert bool(demo.children("beat")) == distributed
