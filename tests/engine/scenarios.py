"""Small scenarios for the tests of world and engine, as text; `worlds_of` compiles one, `loaded_of` loads one."""

from __future__ import annotations

from pathlib import Path

from silla.scenario.loader import Loaded, load_text
from silla.world.compile import compile_worlds
from silla.world.types import World

HEX = """
silla: 1
name: hexes
seed: 7
carriers:
  mid: {frequency_ghz: 3.5, bandwidth_mhz: 20, layers: 2}
layout: {kind: hex, rings: 1, isd_m: 500, cells: [{carrier: mid, tx_power_dbm: 43, antenna: panel-64t64r}]}
demand: [{id: people, users: 60, indoor_fraction: 0.5, traffic: {downlink_mbps: 3, uplink_mbps: 0.3}}]
snapshot: {drops: 6}
map: {step_m: 120}
"""

# Two carriers, buildings, a pool, three fibres with keys, a day with every kind of event, two variants.
CITY = """
silla: 1
name: city
seed: 11
carriers:
  low: {frequency_ghz: 2.1, bandwidth_mhz: 20, duplex: fdd, layers: 2}
  mid: {frequency_ghz: 3.5, bandwidth_mhz: 100, layers: 4}
nodes:
  - {id: hub, x_m: 0, y_m: 900}
  - {id: relay, x_m: 8000, y_m: 0}
  - {id: core, x_m: 20000, y_m: 0}
layout:
  kind: madrid-grid
  blocks_east: 1
  blocks_north: 1
  macro_cells: [{carrier: low, tx_power_dbm: 43}, {carrier: mid, tx_power_dbm: 46, antenna: panel-64t64r}]
  micro_cells: [{carrier: mid, tx_power_dbm: 33}]
demand:
  - {id: indoor, users: 25, indoor_fraction: 1, traffic: {downlink_mbps: 6, uplink_mbps: 1}, profile: office-day}
  - {id: street, users: 25, indoor_fraction: 0, car_fraction: 0.3, traffic: {downlink_mbps: 4, uplink_mbps: 1}}
pools:
  - {id: edge, at: hub, gpu: h200, count: 2, serves: [{model: llama-3.1-8b, requests_per_s: 1}]}
fibres:
  - {id: short, ends: [hub, relay], length_km: 10}
  - {id: long, ends: [relay, core], length_km: 40}
quantum:
  keys: [{fibre: short, stock_mbit: 5}, {fibre: long, stock_mbit: 5}]
  direct: [{id: talk, fibre: short, message_bit_per_s: 1000}]
security:
  - {id: control, to: core, share: 0.00002, cipher: one-time-pad, priority: 5, fallback: ml-kem-768}
  - {id: data, to: core, share: 0.9, rekey: {every_gb: 0.5, every_s: 60}, fallback: none}
snapshot: {drops: 3}
map: {step_m: 30}
day: {hours: 24, step_min: 120, drops: 2}
events:
  - {at: "02:00", for_min: 120, eavesdrop: short}
  - {at: "08:00", for_min: 60, cut: long}
  - {at: "12:00", for_min: 120, outage: macro00}
  - {at: "18:00", for_min: 60, burst: street, factor: 3}
variants:
  shared: {patch: {}}
  apart: {patch: {pools: [{id: edge, sharing: dedicated, ran_gpus: 1}]}}
"""

INDOOR = """
silla: 1
name: hall
seed: 3
environment: {propagation: inh-open}
carriers:
  mmw: {frequency_ghz: 30, bandwidth_mhz: 400, scs_khz: 120, layers: 2}
layout: {kind: indoor, cells: [{carrier: mmw, tx_power_dbm: 24}]}
demand: [{id: staff, users: 40, indoor_fraction: 0, min_distance_m: 0, traffic: {downlink_mbps: 200, uplink_mbps: 20}}]
snapshot: {drops: 3}
map: {step_m: 10}
"""


def loaded_of(text: str, *overrides: str) -> Loaded:
    """The scenario of a text, with overrides."""
    return load_text(text, Path("test.yaml"), overrides=overrides)


def worlds_of(text: str, *overrides: str) -> dict[str, World]:
    """The worlds of a text, with overrides, by variant."""
    return compile_worlds(loaded_of(text, *overrides))


def world_of(text: str, *overrides: str) -> World:
    """The first of `worlds_of`."""
    return next(iter(worlds_of(text, *overrides).values()))
