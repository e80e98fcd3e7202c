"""The page as a file. Oracles: the stored numbers, HTML's parser, Plotly's schema, the limits on size and time."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_fixture import SITES, VARIANTS, make_results

from silla.base.errors import ArgumentError, StoreError
from silla.report import build

VOID = {"meta", "link", "br", "input", "img", "hr", "path", "circle", "line"}


class _Balance(HTMLParser):
    """Collects text, ids and links, and refuses a closing tag that nothing opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"] or "")
        self.links += [v or "" for k, v in attrs if k in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def parsed(page: str) -> _Balance:
    parser = _Balance()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def carried(page: str, id: str) -> bytes:
    found = re.search(rf'<script type="text/plain" id="{id}">([^<]*)</script>', page)
    assert found
    return gzip.decompress(base64.b64decode(found.group(1)))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("report") / "results")


@pytest.fixture(scope="module")
def page(results: Path) -> str:
    return build(results).read_text("utf-8")


def test_page_is_well_formed_and_complete(page: str) -> None:
    found = parsed(page)
    sections = [
        "headline",
        "map",
        "contributions",
        "quantum",
        "day",
        "distributions",
        "kpis",
        "sensitivity",
        "method",
        "models",
        "reproduce",
    ]
    assert [i for i in found.ids if i in sections] == sections
    assert len(set(found.ids)) == len(found.ids)
    assert {link for link in found.links if link.startswith("#")} == {f"#{s}" for s in sections}


def test_the_quantum_day_tells_of_attacks_reroutes_messages_and_skies(page: str) -> None:
    found = parsed(page)
    text = " ".join(" ".join(found.text).split())
    assert all(name in page for name in ("link-states", "day-messages", "satellite-passes"))
    assert "intercept-resend on 100% of the pulses" in text and "ulsan to overcast" in text
    assert "14:00 to 15:00 keys of control/bomun over gj-us, us-dg instead of gj-dg" in text


def test_keys_are_shown_secret_spent_and_net(page: str) -> None:
    text = " ".join(" ".join(parsed(page).text).split())
    section = text[text.index("secret, spent on authentication, net") :][:2500]
    assert "Cascade, f 1.033" in section and "Authentication spent" in section and "Day: net" in section
    assert "480 kbit" in section  # 96 epochs of 5000 bits
    assert "bomun-gj-direct" not in section.split("Quantum")[0]  # a direct link has no keys to correct


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    found = parsed(page)
    assert all(link.startswith(("#", "data:")) for link in found.links)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style and "@import" not in style


def test_names_are_escaped_and_korean_is_whole(page: str) -> None:
    text = " ".join(parsed(page).text)
    assert "<script>alert(1)</script> must stay text" in text
    assert VARIANTS["6g-airan"] in text  # with its <angle> brackets and ampersand
    assert "경주 6G 시범망" in text
    figures = json.loads(carried(page, "packed-figures"))
    drawn = json.dumps(figures, ensure_ascii=False)
    assert all(name in drawn for _, name, _, _ in SITES) and "대구 데이터센터" in drawn


def test_headline_shows_the_stored_numbers_in_one_unit(page: str) -> None:
    card = page[page.index("5th percentile of user throughput, downlink") :][:2000]
    assert "24.0\u00a0Mbit/s" in card and "101\u00a0Mbit/s" in card and "115\u00a0Mbit/s" in card


def test_contributions_compare_with_the_first_variant(page: str) -> None:
    row = page[page.index("<code>user_rate_downlink_mean</code>") :][:1500]
    # both half-widths are 3 %: exp(sqrt(2) 0.03) either side of 4.2
    assert "× 4.20 [4.03, 4.38]" in row
    assert "points" in page[page.index("<code>protected_quantum</code>") :][:1500]


def test_verdicts(page: str) -> None:
    block = page[page.index("Peak data rate, downlink") :][:6000]
    assert 'class="verdict missed"' in block
    block = page[page.index("User-experienced data rate, downlink") :][:4000]
    assert "indicative" in block and 'class="verdict met"' not in block
    assert "slots, HARQ and queues are not simulated" in page


def test_every_figure_is_valid_for_plotly(page: str) -> None:
    import plotly.graph_objects as go

    figures = json.loads(carried(page, "packed-figures"))
    layouts = [(panel["data"], panel["layout"]) for panels in figures["figures"].values() for panel in panels]
    layouts.append((figures["map"]["traces"], {}))
    for data, layout in layouts:
        traces = [{k: v for k, v in t.items() if k != "meta"} for t in resolved(data)]
        go.Figure(data=traces, layout=resolved(layout))  # raises for a property or value that Plotly does not know


def resolved(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        assert re.fullmatch(r"\$[a-z-]+(/[\d.]+)?", value)
        return {"$users-scale": "Viridis", "$halo": "auto"}.get(value, "#000000")
    if isinstance(value, list):
        return [resolved(v) for v in value]
    return {k: resolved(v) for k, v in value.items()} if isinstance(value, dict) else value


def test_colours_are_all_in_the_style_sheet(page: str) -> None:
    style = page[page.index("<style>") : page.index("</style>")]
    figures = carried(page, "packed-figures").decode()
    used = set(re.findall(r'"\$([a-z-]+)(?:/[\d.]+)?"', figures)) - {"users-scale", "halo"}
    assert used and all(style.count(f"--{name}:") >= 2 for name in used)  # light and dark


def test_raster_comes_back(page: str, results: Path) -> None:
    from silla.results.tables import read_table

    about = json.loads(carried(page, "packed-figures"))["map"]["raster"]
    data = np.frombuffer(carried(page, "packed-raster"), dtype=np.uint8)
    stored = read_table(results / "grids", "map")
    for v in VARIANTS:
        (layer,) = about["layers"][v]
        mine = stored.filter(stored["variant"] == v).sort(["y_m", "x_m"])
        field = next(f for f in about["fields"] if f["id"] == "sinr_db")
        size = layer["width"] * layer["height"]
        codes = data[layer["offsets"]["sinr_db"] :][:size].astype(float)
        back = field["low"] + codes / 254 * (field["high"] - field["low"])
        expected = np.clip(mine["sinr_db"].to_numpy(), field["low"], field["high"])
        assert np.max(np.abs(back - expected)) <= (field["high"] - field["low"]) / 254 / 2 + 1e-6
        cells = data[layer["offsets"]["cell"] :][: 2 * size].view("<u2")
        assert np.array_equal(cells, mine["cell"].to_numpy())


def test_report_is_small_quick_and_reproducible(results: Path, page: str) -> None:
    started = time.process_time()
    path = build(results)
    assert time.process_time() - started < 5.0
    assert path.stat().st_size < 6_000_000
    assert path.read_text("utf-8") == page


def test_without_a_day_its_sections_are_left_out(tmp_path: Path) -> None:
    page = build(make_results(tmp_path / "r", day=False, variants=("6g",), buildings=0)).read_text("utf-8")
    ids = parsed(page).ids
    assert "day" not in ids and "results" in ids and "contributions" not in ids and "map" in ids


def test_importing_silla_or_its_report_needs_no_plotly() -> None:
    code = "import sys, silla, silla.report; assert not {'plotly', 'polars', 'pyarrow'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_not_a_results_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no such directory"):
        build(tmp_path / "none")
    with pytest.raises(ArgumentError, match="silla run"):
        build(tmp_path)
    (tmp_path / "manifest.json").write_text('{"name": "somebody else"}')
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(ArgumentError, match="not written by silla"):
        build(tmp_path)
    with pytest.raises(ArgumentError, match="is a file"):
        build(tmp_path / "manifest.json")


@pytest.mark.parametrize("name", ["manifest.json", "summary.json", "tables/users.parquet", "grids/map.parquet"])
def test_damage_is_named_and_leaves_the_old_report(tmp_path: Path, name: str) -> None:
    results = make_results(tmp_path / "r", variants=("6g",), day=False)
    before = build(results).read_bytes()
    (results / name).write_bytes(b"PAR1 not really {")
    with pytest.raises(StoreError) as caught:
        build(results)
    assert Path(name).stem in str(caught.value) and "again" in str(caught.value)
    assert (results / "report.html").read_bytes() == before


def test_missing_summary_says_that_the_run_did_not_finish(tmp_path: Path) -> None:
    results = make_results(tmp_path / "r", variants=("6g",), day=False)
    (results / "summary.json").unlink()
    with pytest.raises(StoreError, match="did not finish"):
        build(results)


def test_results_that_may_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    results = make_results(tmp_path / "r", variants=("6g",), day=False)
    before = build(results).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError, match="disk is full"):
        build(results)
    assert (results / "report.html").read_bytes() == before
    assert sorted(p.name for p in results.iterdir() if p.name.startswith(".")) == []
