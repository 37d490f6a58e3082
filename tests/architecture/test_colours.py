"""The contrast of every pair of colours that the style sheet lets meet, in each mode (WCAG 1.4.3, 1.4.11)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "static/ui.css").read_text(encoding="utf-8")
TEXT, EDGE = 4.5, 3.0
PAIRS = {
    TEXT: (
        "text/surface text/bg text-2/surface text-2/bg text-2/tint text-2/surface-sunken text-3/surface text-3/bg "
        "link/surface link/bg link/tint on-primary/primary ok-text/ok-bg ok-text/surface warn-text/warn-bg "
        "text/warn-bg bad-text/bad-bg bad-text/surface link-hover/tint-2 on-band/band on-band-2/band"
    ),
    EDGE: (
        "line-strong/surface line-strong/bg focus/surface focus/bg primary/surface bad/surface "
        "azure-600/surface-sunken azure-600/surface"
    ),
}
CASES = [(fore, back, least) for least, pairs in PAIRS.items() for fore, back in (p.split("/") for p in pairs.split())]


def tokens(selector: str) -> dict[str, str]:
    body = CSS[CSS.index(selector) + len(selector) :].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))


ROOT = tokens(":root {")
MODES = {
    "light": ROOT,
    "dark": {**ROOT, **tokens("[data-theme=dark]:not([data-contrast=high]) {")},
    "device dark": {**ROOT, **tokens(":root:not([data-theme=light]):not([data-contrast=high]) {")},
    "contrast": {**ROOT, **tokens("[data-contrast=high] {")},
    "elder": {**ROOT, **tokens("[data-mode=elder] {")},
}


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def colour(mode: str, role: str) -> str:
    value = MODES[mode][role]
    while value.startswith("var(--"):
        value = MODES[mode][value[6:-1]]
    return value.strip()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("fore", "back", "least"), CASES)
def test_colours_that_meet_can_be_told_apart(mode, fore, back, least):
    assert contrast(colour(mode, fore), colour(mode, back)) >= least


@pytest.mark.parametrize(("family", "ground"), re.findall(r"\.cert--(\w+) \{ --c: (#\w+)", CSS))
def test_white_on_a_certificate_is_easy_to_read(family, ground):
    assert contrast("#fff", ground) >= 6, family


def test_dark_is_the_same_whether_chosen_or_the_devices():
    assert MODES["dark"] == MODES["device dark"]
