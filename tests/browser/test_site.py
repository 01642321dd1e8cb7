"""What a reader meets: every page in both schemes and at three widths, every quiz and widget, search, formulas."""

import gzip
import html.parser
import importlib.util
import json
import os
import re
import runpy
import urllib.parse
from pathlib import Path

import numpy as np
import playwright.sync_api
import pytest

import keras_acts.course
from keras_acts.course.tide import TIMES, Tide
from keras_acts.plot import curve

SITE = Path(os.environ["KERAS_ACTS_SITE"])
AXE = Path(importlib.util.find_spec("axe_playwright_python").origin).with_name("axe.min.js").read_text("utf-8")
PAGES = sorted(path.parent.relative_to(SITE).as_posix() for path in SITE.rglob("index.html"))
LESSONS = [page for page in PAGES if re.fullmatch(r"lessons/\d.*", page)]
# The pages of catalogue and reference come from one mould each: a few stand for all.
LOOKED_AT = [page for page in PAGES if not page.startswith(("catalogue/", "reference/"))]
LOOKED_AT += ["catalogue/relu", "catalogue/prelu", "catalogue/glu", "reference/rectifiers", "reference/trainable"]
# One page of each kind is examined whole; the frame around the others is the same.
KINDS = {".", "claims", "catalogue", "catalogue/relu", "howto/replace", "lessons/04-zoo", "lessons/08-dying"}
WIDTHS = (400, 800, 1400)


def where(page):
    return "" if page == "." else f"{page}/"


def examine(tab, page, scheme, width):
    """What axe-core finds. Contrast takes most of its time and hardly depends on the width: once per scheme will do."""
    tab.set_viewport_size({"width": width, "height": 900})
    place = f"{page}, {scheme}, {width} px"
    try:  # the drawer slides out of the way first
        tab.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth", timeout=10_000)
    except playwright.sync_api.TimeoutError:
        pytest.fail(f"{place}: the page is wider than the window")
    whole = page in KINDS
    contrast = whole or width == {"light": 1400, "dark": 400}[scheme]
    options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": contrast}}}
    found = tab.evaluate(
        f"axe.run({'document' if whole else 'document.querySelector(`article`)'}, {json.dumps(options)})"
    )
    faults = [f"{v['id']}: {n['html'][:160]} ({n['any'][:1]})" for v in found["violations"] for n in v["nodes"][:3]]
    assert not faults, f"{place}:\n" + "\n".join(faults)


@pytest.mark.parametrize("page", LOOKED_AT)
def test_page_is_accessible_fits_and_is_light_in_both_schemes_and_at_three_widths(visit, page):
    for scheme in ("light", "dark"):
        tab = visit(where(page), scheme, WIDTHS[0])
        tab.evaluate(AXE)
        for width in WIDTHS:
            examine(tab, page, scheme, width)
    # Pictures far below load only when they come near.
    shown = "all => Promise.all(all.map(async i => (i.loading = 'eager', await i.decode(), [i.naturalWidth, i.alt])))"
    for width, text in tab.eval_on_selector_all("article img", shown):
        assert width > 0, page
        assert len(text) > 20, page


@pytest.mark.parametrize("page", LOOKED_AT)
def test_page_weighs_at_most_300_kilobytes_as_it_travels(browser, address, page):
    sizes = {}
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.on("response", lambda r: sizes.update({r.url: len(gzip.compress(r.body())) if r.status == 200 else 0}))
    tab.goto(address + where(page), wait_until="networkidle")
    context.close()
    assert sum(sizes.values()) < 300_000, json.dumps(sizes, indent=1)


@pytest.mark.parametrize("page", LESSONS)
def test_every_answer_of_every_quiz_explains_itself(visit, page):
    tab = visit(where(page))
    answers = tab.locator("details.yes, details.no")
    assert answers.count() >= 6
    for i in range(answers.count()):
        answer = answers.nth(i)
        answer.locator("summary").press("Enter")
        assert answer.evaluate("node => node.open")
        assert len(answer.locator("p").first.inner_text()) > 15


def test_explorer_follows_its_controls(visit):
    page = visit("lessons/04-zoo/")
    widget = page.locator("[data-widget=explorer]")
    widget.get_by_label("function", exact=True).select_option("sigmoid")
    point = widget.get_by_label("input", exact=True)
    point.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    assert "sigmoid at 0.0: value 0.500, slope 0.250" in widget.locator(".say").inner_text()
    assert "9.1e-13" in widget.locator(".say").inner_text()
    widget.get_by_label("compare with").select_option("leaky_relu")
    assert widget.locator("svg path").count() == 4
    before = widget.locator("svg path").nth(2).get_attribute("d")
    widget.get_by_label("leaky_relu: negative_slope").focus()
    page.keyboard.press("End")
    assert widget.locator("svg path").nth(2).get_attribute("d") != before


def reach_of_wide_layers(name, gain, depth):
    """What the meter computes, in Python: the gradient's part that arrives, for very wide layers."""
    z = np.linspace(-8, 8, 641)
    density = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    spread, part = gain, 1.0
    for _ in range(depth):
        value, slope = curve(name, spread * z)
        part *= gain * np.sqrt(density @ slope**2)
        spread = gain * np.sqrt(density @ value**2)
    return part


def test_depth_meter_follows_its_controls_and_agrees_with_python(visit):
    page = visit("lessons/06-depth/")
    widget = page.locator("[data-widget=depth]")
    for name, exponent, depth in (("relu", "0", "20"), ("sigmoid", "0", "20"), ("tanh", "2", "35")):
        widget.get_by_label("activation").select_option(name)
        widget.locator("input").nth(0).fill(exponent)
        widget.locator("input").nth(1).fill(depth)
        expected = reach_of_wide_layers(name, 2.0 ** int(exponent), int(depth))
        assert float(widget.get_attribute("data-reach")) == pytest.approx(expected, rel=1e-9)
        assert f"10^{np.log10(expected):.1f} of the gradient" in widget.locator(".say").last.inner_text()


def test_slider_shows_which_loss_falls_silent(visit):
    page = visit("lessons/10-output/")
    widget = page.locator("[data-widget=confident]")
    widget.locator("input").focus()
    page.keyboard.press("End")  # 20, as in the lesson's table
    assert "Cross-entropy pulls with 1.000, the squared error with 8.2e-9" in widget.locator(".say").last.inner_text()


def raised_in_python():
    """The same three runs in Python: ruin, go on at a lower rate, revive and go on."""
    net = Tide.start()
    net.step(0.1, 600)
    net.step(0.05, 600)
    solution = runpy.run_path(str(Path(keras_acts.course.__file__).parent / "solutions" / "lesson_08.py"))
    net.w, net.b, net.v = solution["revive"](net.w, net.b, net.v, TIMES)
    net.step(0.05, 600)
    assert net.loss() < 0.001
    return [len(net.dead()), net.loss()]


def test_trainer_kills_nineteen_and_raises_them(visit):
    page = visit("lessons/08-dying/")
    widget = page.locator("[data-widget=dying]")
    for number in range(3):
        widget.get_by_role("button", name="Train").press("Enter")
        page.wait_for_function(
            "n => document.querySelector('[data-widget=dying]').dataset.steps == n", arg=600 * (number + 1)
        )
        page.wait_for_function("document.querySelector('[data-widget=dying] .say:last-child').textContent.length > 0")
        state = widget.evaluate("w => [Number(w.dataset.dead), Number(w.dataset.loss)]")
        if number == 0:
            assert state[0] == 19
            assert round(state[1], 4) == 0.4922
            widget.locator("input").fill("0.05")
        elif number == 1:
            assert state[0] == 19  # a lower rate raises none
            widget.get_by_role("button", name="Revive").click()
        else:
            assert state == pytest.approx(raised_in_python(), abs=1e-6)


def test_trainer_in_the_page_computes_what_python_computes(visit):
    page = visit("lessons/08-dying/")
    found = page.evaluate(
        "() => { const n = new KA.Tide(TIDE); n.step(0.05, 25); return [n.w, n.b, n.v, n.c, n.loss(), n.dead()] }"
    )
    net = Tide.start()
    net.step(0.05, 25)
    for ours, theirs in zip((net.w, net.b, net.v, net.c, net.loss(), net.dead()), found, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-9)


def test_formulas_in_the_page_agree_with_the_package(visit):
    page = visit("lessons/04-zoo/")
    x = np.linspace(-6, 6, 97) + 0.013  # beside the kinks
    found = page.evaluate(
        """x => Object.fromEntries(Object.entries(ACTS).map(
            ([name, a]) => [name, [x.map(v => a.f(v, a.p)), x.map(v => a.d(v, a.p))]]))""",
        x.tolist(),
    )
    assert len(found) > 50
    for name, (value, slope) in found.items():
        ours = curve(name, x)
        for theirs, expected in zip((value, slope), ours, strict=True):
            known = np.isfinite(expected)
            np.testing.assert_allclose(
                np.array(theirs, float)[known], expected[known], rtol=1e-9, atol=1e-9, err_msg=name
            )


def test_widgets_run_from_a_file(visit, site):
    page = visit(f"file://{site}/lessons/08-dying/index.html")
    page.wait_for_selector("[data-widget=dying] button")
    assert page.locator("[data-widget=dying] button").all_inner_texts() == [
        "Train 600 steps",
        "Revive the dead",
        "New start",
    ]


def test_catalogue_filters_and_shows_formulas(visit):
    page = visit("catalogue/")
    page.get_by_label("any word in the row").fill("gelu")
    rows = page.locator("article tbody tr:visible")
    assert 1 <= rows.count() < 20
    page.goto(page.url + "relu/")
    drawn = page.locator(".math math").bounding_box()
    assert drawn["height"] > 30  # two cases, one above the other


def test_search_finds_a_lesson(visit):
    page = visit("")
    page.keyboard.press("f")
    page.keyboard.type("nineteen")
    page.wait_for_selector(".md-search-result__link")
    assert "08-dying" in page.locator(".md-search-result__link").first.get_attribute("href")


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.ids.add(known.get("id"))
        self.links += [known[key] for key in ("href", "src") if known.get(key)]


def test_every_link_and_anchor_leads_somewhere():
    parsed = {page: Links((SITE / page / "index.html").read_text("utf-8")) for page in PAGES}
    broken = []
    for page, links in parsed.items():
        for link in links.links:
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (SITE / page / urllib.parse.unquote(url.path)).resolve()
            target = target.parent if target.name == "index.html" else target
            if not target.exists():
                broken.append(f"{page}: {link}")
            elif url.fragment and target.is_dir():
                name = target.relative_to(SITE.resolve()).as_posix()
                if name in parsed and urllib.parse.unquote(url.fragment) not in parsed[name].ids:
                    broken.append(f"{page}: {link} (no such anchor)")
    assert not broken, "\n".join(broken[:20])
