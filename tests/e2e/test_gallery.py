"""The shell, the components and the display modes, as a browser shows them."""

import re

import pytest

from tests.e2e import browser as eyes
from tests.e2e.browser import PHONE, WIDE, visit
from tests.e2e.gallery.app import running

PAGES = [
    "/gallery/home",
    "/gallery/parts",
    "/gallery/admin",
    "/account/preferences",
    "/accessibility",
    "/gallery/error/404",
    "/gallery/error/500",
]


@pytest.fixture(scope="module")
def gallery():
    with running() as address:
        yield address


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wrong_with_a_page(browser, gallery, path):
    assert eyes.faults(browser, gallery + path) == []


@pytest.mark.parametrize("path", ["/privacy", "/help", "/gallery/error/404?nobody", "/gallery/error/403"])
def test_nothing_is_wrong_with_what_looks_like_another(browser, gallery, path):
    assert eyes.faults(browser, gallery + path, modes=("light",), reflow=False) == []


def test_elder_is_one_button_away_and_stays(browser, gallery):
    with visit(browser, f"{gallery}/gallery/home?page=2", width=PHONE) as page:
        page.get_by_role("button", name="长辈版").click()
        page.wait_for_url("**/gallery/home?page=2")
        assert page.locator("html").get_attribute("data-mode") == "elder"
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "20px"
        page.goto(f"{gallery}/privacy")
        page.get_by_role("button", name="标准版").click()
        page.wait_for_url("**/privacy")
        assert page.locator("html").get_attribute("data-mode") is None


@pytest.mark.parametrize("path", ["/gallery/home", "/gallery/parts"])
def test_elder_targets_are_large(browser, gallery, path):
    with visit(browser, gallery + path, mode="elder", width=PHONE) as page:
        heights = page.evaluate("[...document.querySelectorAll('.btn')].map(e => e.offsetParent && e.offsetHeight)")
        assert min(h for h in heights if h) >= 60


def test_everything_is_chosen_without_script(browser, gallery):
    with visit(browser, f"{gallery}/account/preferences?next=/help", script=False) as page:
        for label in ("更大，150%", "高对比度", "大指针", "English"):
            page.get_by_label(label).check()
        page.get_by_role("button", name="保存设置").click()
        root = page.locator("html")
        assert root.get_attribute("data-size") == "150"
        assert root.get_attribute("data-contrast") == "high"
        assert root.get_attribute("data-cursor") == "large"
        assert root.get_attribute("lang") == "en"
        page.locator("main [role=status] a").click()
        page.wait_for_url("**/help")


def test_dark_follows_the_device_unless_chosen(browser, gallery):
    def ground(prefs: dict[str, str], *, device_dark: bool) -> str:
        with eyes.person(browser, gallery, prefs=prefs, device_dark=device_dark) as context:
            page = context.new_page()
            page.goto(f"{gallery}/help")
            return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    dark, light = "rgb(12, 20, 28)", "rgb(239, 243, 247)"
    assert ground({}, device_dark=True) == dark
    assert ground({}, device_dark=False) == light
    assert ground({"theme": "light"}, device_dark=True) == light
    assert ground({"theme": "dark"}, device_dark=False) == dark


def test_icons_come_from_one_file_and_take_the_colour_of_their_words(browser, gallery):
    with visit(browser, f"{gallery}/gallery/home") as page:
        icon = page.locator(".side a[aria-current] .icon")
        link = page.locator(".side a[aria-current]")
        stroke = icon.evaluate("e => getComputedStyle(e).stroke")
        assert stroke == link.evaluate("e => getComputedStyle(e).color")
        assert icon.evaluate("e => e.getBBox().width") > 10  # drawn, not an empty reference


def test_the_menu_of_phones_opens_without_script(browser, gallery):
    with visit(browser, f"{gallery}/gallery/home", width=PHONE, script=False) as page:
        menu = page.get_by_role("navigation", name="个人网页栏目")
        assert not menu.is_visible()
        page.get_by_role("link", name="我的", exact=True).click()
        assert menu.is_visible()
        assert menu.get_by_role("button", name="退出").is_visible()
        page.go_back()
        assert not menu.is_visible()
        assert page.get_by_role("main").is_visible()


def test_the_skip_link_is_first_and_leads_to_the_page(browser, gallery):
    with visit(browser, f"{gallery}/gallery/home") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "跳到主要内容"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_the_error_summary_takes_focus_and_leads_to_the_field(browser, gallery):
    with visit(browser, f"{gallery}/gallery/parts") as page:
        assert page.evaluate("document.activeElement.className") == "errors"
        page.get_by_role("link", name="请填写手机号码").click()
        assert page.evaluate("document.activeElement.id") == "mobile"
        described = page.locator("#mobile").get_attribute("aria-describedby") or ""
        assert [page.locator(f"#{i}").text_content() for i in described.split()] == [
            "用来接收办理结果",
            "错误：请填写手机号码",
        ]


def test_a_masked_value_shows_and_hides_again_by_itself(browser, gallery):
    with eyes.person(browser, gallery) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(f"{gallery}/gallery/parts")
        button = page.locator("[data-reveal=idn]")
        assert button.inner_text().startswith("显示")
        button.click()
        assert page.locator("#idn").inner_text() == "440606199001010026"
        assert button.inner_text().startswith("隐藏")
        assert button.get_attribute("aria-pressed") == "true"
        page.clock.fast_forward(31_000)
        assert page.locator("#idn").inner_text() == "440606********0026"
        assert button.get_attribute("aria-pressed") == "false"


def test_a_password_can_be_read_while_it_is_typed(browser, gallery):
    with visit(browser, f"{gallery}/gallery/parts") as page:
        page.fill("#pw", "correct horse")
        button = page.locator("[data-password=pw]")
        button.click()
        assert page.locator("#pw").get_attribute("type") == "text"
        button.click()
        assert page.locator("#pw").get_attribute("type") == "password"


def test_without_script_no_dead_buttons_are_shown(browser, gallery):
    with visit(browser, f"{gallery}/gallery/parts", script=False) as page:
        assert not page.locator("[data-password]").is_visible()
        assert not page.locator("button[data-reveal]").is_visible()


def test_paper_gets_the_page_and_no_menus(browser, gallery):
    with visit(browser, f"{gallery}/gallery/parts") as page:
        page.emulate_media(media="print")
        for gone in (".side", ".top__tools", ".foot", ".btn"):
            assert not page.locator(gone).first.is_visible()
        assert page.get_by_text(re.compile("^打印时间：")).is_visible()


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_an_error_page_keeps_the_menu_of_who_is_signed_in(browser, gallery, width):
    with visit(browser, f"{gallery}/gallery/error/404", width=width) as page:
        assert page.locator(".side").count() == 1
    with visit(browser, f"{gallery}/gallery/error/404?nobody", width=width) as page:
        assert page.locator(".side").count() == 0
    with visit(browser, f"{gallery}/gallery/error/500", width=width) as page:
        assert page.locator(".side").count() == 0
        assert page.locator("form").count() == 0
