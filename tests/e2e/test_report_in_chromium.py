"""The report in a real browser with the network off. Oracle: what the browser itself says it did."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from report_fixture import make_results

from silla.report import build

playwright = pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(make_results(tmp_path_factory.mktemp("browser") / "results"))


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as p:
        found = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def opened(browser, report: Path, size: str, scheme: str = "light"):
    """(page, list of complaints): console errors, exceptions, failed requests, requests to anywhere but the file."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
    page, complaints = context.new_page(), []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("requestfailed", lambda r: complaints.append(f"failed: {r.url[:80]}"))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else complaints.append(r.url))
    page.goto(report.as_uri())
    page.wait_for_function("document.documentElement.dataset.ready === 'true'")
    return page, complaints


def scroll_through(page) -> None:
    """Down the page in steps, so that every figure comes into view, until all are drawn."""
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    height, step = page.evaluate("[document.documentElement.scrollHeight, innerHeight * 0.7]")
    for i in range(int(height / step) + 2):
        page.evaluate(f"window.scrollTo(0, {i * step})")
        page.wait_for_timeout(15)
    page.wait_for_function(
        "[...document.querySelectorAll('.plot')].every((p) => p.querySelector('svg.main-svg'))", timeout=60_000
    )


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_page_draws_everything_offline(browser, report: Path, size: str, scheme: str) -> None:
    page, complaints = opened(browser, report, size, scheme)
    scroll_through(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    # every plot has drawn something: a line, an area, a bar or a marker
    empty = page.evaluate(
        """[...document.querySelectorAll('.plot')].filter(
            (p) => !p.querySelector('.scatterlayer path, .barlayer path')).map((p) => p.dataset.figure || p.id)"""
    )
    assert empty == []
    assert "화백컨벤션센터" in page.inner_text("#citymap") and "대구 데이터센터" in page.inner_text("#quantum")
    assert "경주 6G 시범망" in page.inner_text("h1")
    assert complaints == []
    page.context.close()


def test_figures_wait_until_they_are_seen(browser, report: Path) -> None:
    page, _ = opened(browser, report, "desktop")
    drawn, total = page.evaluate(
        """[document.querySelectorAll('.plot svg.main-svg').length, document.querySelectorAll('.plot').length]"""
    )
    assert total > 15 and drawn < 6
    page.context.close()


def test_map_controls(browser, report: Path) -> None:
    page, complaints = opened(browser, report, "desktop")
    page.evaluate("document.querySelector('#citymap').scrollIntoView()")
    page.wait_for_function("document.querySelector('#citymap .main-svg image')")
    page.evaluate(
        """window.map_hash = () => { const s = document.querySelector('#citymap .main-svg image');
            const t = s.getAttribute('href') || s.getAttribute('xlink:href'); let h = 0;
            for (const c of t) h = (h * 31 + c.charCodeAt(0)) | 0; return h; }"""
    )
    source = "map_hash()"
    seen = [page.evaluate(source)]
    for field in ("rate_mbps", "los", "cell"):
        page.click(f'[data-field="{field}"]')
        page.wait_for_timeout(250)
        seen.append(page.evaluate(source))
    assert len(set(seen)) == 4  # a picture for each field
    page.click('[data-variant="5g"]')
    page.wait_for_timeout(250)
    shown = page.evaluate(
        "document.querySelector('#citymap').data.filter((t) => t.visible && t.showlegend).map((t) => t.name)"
    )
    assert shown == ["fibre", "mid (3.55 GHz)"]  # 5g has neither the other carrier nor quantum links
    users = page.locator("#citymap .scatterlayer path.point").count()
    page.uncheck('[data-layer="users"]')
    page.wait_for_timeout(250)
    assert page.locator("#citymap .scatterlayer path.point").count() < users
    box = page.locator("#citymap").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "SINR" in page.inner_text(".readout") and "east" in page.inner_text(".readout")
    assert complaints == []
    page.context.close()


def test_tabs_change_the_figure_and_theme_redraws(browser, report: Path) -> None:
    page, complaints = opened(browser, report, "desktop")
    page.evaluate("document.querySelector('#fig-day-traffic').scrollIntoView()")
    page.wait_for_function("document.querySelector('#fig-day-traffic .main-svg')")
    shape = "document.querySelector('#fig-day-traffic .scatterlayer .js-line').getAttribute('d')"
    before = page.evaluate(shape)
    page.click('#fig-day-traffic [data-tab="1"]')
    page.wait_for_timeout(300)
    assert page.evaluate(shape) != before
    text = "getComputedStyle(document.querySelector('#fig-day-traffic .xtick text')).fill"
    light = page.evaluate(text)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{text} !== '{light}'")
    assert complaints == []
    page.context.close()


def test_print_draws_all_figures_in_light_colours(browser, report: Path, tmp_path: Path) -> None:
    page, complaints = opened(browser, report, "desktop", "dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(
        "[...document.querySelectorAll('.plot')].every((p) => p.querySelector('svg.main-svg'))", timeout=60_000
    )
    ink = "getComputedStyle(document.querySelector('#fig-day-traffic .xtick text')).fill"
    assert page.evaluate(ink) == "rgb(91, 94, 105)"  # --soft of the light theme
    page.pdf(path=str(tmp_path / "report.pdf"))
    assert (tmp_path / "report.pdf").stat().st_size > 100_000
    assert complaints == []
    page.context.close()
