"""The tutorials run as they are and mean what they say.

Oracles: conservation (shares of protected traffic add to one, power by kind adds to the total), the error rate of
intercept-resend (a quarter), the footprints written by the notebook itself, bounds below what was
simulated.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely

import silla

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"


def execute(name: str, folder: Path) -> str:
    """What a notebook prints, run in a folder of its own; a cell that raises makes the test fail with its traceback."""
    notebook = nbformat.read(TUTORIALS / name, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    execute("01-first-run.ipynb", folder)
    return silla.open_results(folder / "runs" / "first")


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    folder = tmp_path_factory.mktemp("second")
    execute("02-your-own-city.ipynb", folder)
    return silla.open_results(folder / "runs" / "quarter")


def test_first_run_leaves_a_report(first):
    assert (first.directory / "report.html").stat().st_size < 6e6
    assert list(first.summary["variants"]) == ["5g", "6g", "6g-airan"]


def test_first_run_protected_traffic_adds_up(first):
    flows = first.table("flow_day")
    parts = sum(flows[f"{part}_bit"] for part in ("quantum", "one_time_pad", "fallback", "unsent"))
    assert parts.to_numpy() == pytest.approx(flows["traffic_bit"].to_numpy(), rel=1e-9)


def test_first_run_power_adds_up(first):
    epochs = first.table("epochs").pivot(on="metric", index=["variant", "t_s"], values="mean")
    total = epochs["power_radio"] + epochs["power_gpu"] + epochs["power_quantum"]
    assert total.to_numpy() == pytest.approx(epochs["power_total"].to_numpy(), rel=1e-9)


def test_first_run_eavesdropper_is_seen_and_stops_the_link(first):
    keys = first.table("key_day")
    attacked = keys.filter(keys["state"] == "eavesdropped")
    assert set(attacked["link"]) == {"gj-dg", "bomun-gj", "dg-ph-pairs"}
    attacked = attacked.filter(attacked["link"] != "dg-ph-pairs")  # pairs are lost altogether
    # intercept-resend of every pulse: 1/4 plus a little from misalignment and background
    assert attacked["qber"].to_numpy() == pytest.approx(0.255, abs=0.005)
    assert attacked["produced_bit"].sum() == 0


def test_own_city_has_the_buildings_that_were_written(second):
    features = json.loads((second.directory.parents[1] / "buildings.geojson").read_text(encoding="utf-8"))["features"]
    buildings = second.table("buildings")
    assert buildings["building"].n_unique() == len(features)
    assert sorted(set(buildings["height_m"])) == sorted({f["properties"]["height_m"] for f in features})


def test_own_city_is_under_a_roof_where_the_footprints_are(second):
    """Point in polygon by shapely, in longitude and latitude; the flat-earth degrees are good to 0.3 % here."""
    field = second.grid("map").sel(variant="today")
    features = json.loads((second.directory.parents[1] / "buildings.geojson").read_text(encoding="utf-8"))["features"]
    roofs = shapely.union_all([shapely.geometry.shape(f["geometry"]) for f in features])
    x, y = np.meshgrid(field.x_m, field.y_m)
    lat0 = 35.8550
    inside = shapely.contains_xy(roofs, 129.2255 + x / (111_320 * np.cos(np.radians(lat0))), lat0 + y / 110_950)
    assert 0.2 < inside.mean() < 0.6
    assert (inside == field.indoor.to_numpy()).mean() > 0.97  # the rest are grid points on an edge


def test_own_city_variants_share_their_users(second):
    users = second.table("users")
    today, tomorrow = (users.filter(users["variant"] == v) for v in ("today", "tomorrow"))
    assert today["x_m"].to_list() == tomorrow["x_m"].to_list()
    assert set(users["group"]) == {"보행자"}


def test_a_link_loses_more_than_the_bound_and_carries_a_terabit(tmp_path):
    text = execute("03-a-link-bit-by-bit.ipynb", tmp_path)
    at = {name: float(db) for name, db in re.findall(r"^(\S.*?) +10 % of the blocks lost at +(\S+) dB", text, re.M)}
    assert at["finite-block bound"] < at["perfect+lmmse"] < at["ls+lmmse"]
    assert float(re.findall(r"(\S+) Tbit/s arrive", text)[0]) >= 1.0


def test_keys_and_messages_come_out_unless_somebody_listens(tmp_path):
    text = execute("04-keys-and-messages.ipynb", tmp_path)
    clean, half = (float(x) / 100 for x in re.findall(r"clicks of the signal, (\S+) % wrong", text))
    assert half == pytest.approx(clean + 0.5 * (0.25 - clean / 2), abs=0.01)  # touched pulses: a quarter, then chance
    assert "keys equal: True" in text
    assert text.count("key False") == 2
    assert "nobody: 안녕하세요, 경주입니다;" in text
    assert "everything intercepted: given up: " in text
