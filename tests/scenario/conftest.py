"""A small valid scenario that tests change."""

from __future__ import annotations

from pathlib import Path

import pytest

SMALL = """silla: 1
name: small
origin: {lat: 35.84, lon: 129.28}
carriers:
  fr3: {frequency_ghz: 7.8, bandwidth_mhz: 400, scs_khz: 60}
nodes:
  - {id: core, x_m: 0, y_m: 0}
  - {id: far, lat: 35.9, lon: 129.3}
sites:
  - id: hico
    lat: 35.8395
    lon: 129.288
    height_m: 25
    cells:
      - {carrier: fr3, azimuth_deg: 0}
      - {carrier: fr3, azimuth_deg: 120}
demand:
  - {id: visitors, users: 400, around: hico, radius_m: 800}
pools:
  - {id: edge, at: hico, gpu: h200, serves: [{model: llama-3.1-8b, requests_per_s: 4}]}
fibres:
  - {id: gj-ph, ends: [core, far], length_km: 31, attenuation_db_per_km: 0.20}
quantum:
  keys: [{fibre: gj-ph}]
day: {hours: 24, step_min: 15, drops: 10}
events:
  - {at: "14:00", for_min: 30, eavesdrop: gj-ph}
sensitivity:
  - {set: "sites[hico].height_m", values: [20, 30]}
variants:
  wide:
    patch:
      carriers: {fr3: {bandwidth_mhz: 800}}
  dark:
    patch:
      quantum: {enabled: false}
      events: []
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def changed(path: Path, *replacements: tuple[str, str]) -> Path:
    """The file with pieces of its text replaced; each must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path
