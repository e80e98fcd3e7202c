"""Offline plots. Oracle: the numbers written are found in the page; nothing on the page is fetched."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from silla.base.errors import ArgumentError, StoreError
from silla.cli._plot import Panel, _waterfall_text, plot_path, write_line_plot, write_panels


def panels_of(path):
    found = re.search(r"const panels = (.*);\n", path.read_text(encoding="utf-8"))
    assert found
    return json.loads(found.group(1).replace("<\\/", "</"))


def test_lines_are_in_the_page_and_nothing_is_fetched(tmp_path):
    path = tmp_path / "a.html"
    write_line_plot(path, {"rate </script>": ([0.0, 10.0, 20.0], [1e-2, 1e-3, 0.0])}, "km", "bit", True, "A & B")
    page = path.read_text(encoding="utf-8")
    [panel] = panels_of(path)
    assert panel["data"][0]["x"] == [0.0, 10.0, 20.0]
    assert panel["data"][0]["y"] == [1e-2, 1e-3, None]  # zero has no place on a logarithmic axis
    assert panel["layout"]["yaxis"]["type"] == "log"
    assert "A &amp; B" in page and "width=device-width" in page
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", page[:2000] + page[-3000:])
    assert page.count("</script>") == page.count("<script>") == 2


def test_bands_stacks_and_sky_tracks(tmp_path):
    path = tmp_path / "b.html"
    sky = Panel({"pass": ([0.0, 90.0], [10.0, 60.0])}, "", "", polar=True)
    stack = Panel({"a": ([1.0, 2.0], [1.0, 2.0])}, "nm", "photons", stacked=True, bands=[(1.0, 2.0, "C")])
    write_panels(path, [sky, stack], "two", ["a note"])
    first, second = panels_of(path)
    assert first["data"][0]["r"] == [80.0, 30.0]
    assert second["data"][0]["stackgroup"] == "one" and second["layout"]["shapes"][0]["x1"] == 2.0


def test_lengths_that_differ_are_refused(tmp_path):
    with pytest.raises(ValueError, match="places"):
        write_line_plot(tmp_path / "c.html", {"a": (np.arange(3.0), np.arange(2.0))}, "x", "y")
    assert not list(tmp_path.iterdir())


def test_paths_that_cannot_be_a_plot(tmp_path):
    assert plot_path(None) is None
    with pytest.raises(ArgumentError, match="html"):
        plot_path("plot.png")
    with pytest.raises(StoreError, match="no folder"):
        plot_path(str(tmp_path / "none" / "a.html"))


def test_bars_of_a_waterfall_say_their_height_and_totals_what_is_left():
    bars = ["absolute", "relative", "relative", "total"]
    assert _waterfall_text(np.array([187_800.0, -73_990.0, -12.5, 0.0]), bars) == [
        "187,800",
        "73,990",
        "12.5",
        "113,798",
    ]


def test_densities_stand_side_by_side_and_axes_may_be_logarithmic(tmp_path):
    path = tmp_path / "d.html"
    line = Panel({"a": ([10.0, 200.0], [1.0, 2.0])}, "m", "", log_x=True)
    clouds = [Panel({"layer": ([0.0, 1.0], np.eye(2))}, "", "", kind="density") for _ in range(2)]
    write_panels(path, [line, *clouds, line], "tiles")
    page = path.read_text(encoding="utf-8")
    tiles = page[page.index('<div class="tiles">') :].split("</div></div></div>")[0]
    assert page.count('<div class="tiles">') == 1 and 'id="panel1"' in tiles and 'id="panel2"' in tiles
    assert 'id="panel0"' not in tiles and 'id="panel3"' not in tiles
    first, cloud, *_ = panels_of(path)
    axis = first["layout"]["xaxis"]
    assert axis["type"] == "log" and axis["ticktext"][axis["tickvals"].index(200.0)] == "200"
    assert cloud["data"][0]["z"] == [[1.0, 0.0], [0.0, 1.0]]
