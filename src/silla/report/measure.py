"""KPI values of each variant, from stored results: what the run says about itself, or why it says nothing."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from silla.report.kpis import Measured
from silla.report.metrics import (
    PeakCarrier,
    area_of_grid_m2,
    mean_of_epochs,
    peak_rate_bit_per_s,
    percentile_interval,
    ratio,
)
from silla.report.stored import Stored

__all__ = ["carriers_of", "kpi_values"]

_BITS = {"qam64": 6, "qam256": 8, "qam1024": 10, "qam4096": 12}
_IMT2020_PEAK_BIT_PER_S = 20e9  # ITU-R M.2410-0 clause 4.1

_NOT_SIMULATED = {
    "latency_user_plane": "slots, HARQ and queues are not simulated in this run",
    "latency_control_plane": "connection set-up is not simulated",
    "connection_density": "needs the mMTC traffic of M.2412 (32 bytes in 10 s), which this run does not have",
    "reliability": "needs packet error rates at link level, which this run does not have",
    "mobility": "users do not move during a drop; the link at speed is not simulated",
    "interruption": "handover is not simulated",
    "positioning": "no positioning is simulated",
}


def kpi_values(stored: Stored, variant: str) -> dict[str, Measured]:
    """Every KPI by id for one variant."""
    values = {k: Measured.none(why) for k, why in _NOT_SIMULATED.items()}
    values |= _peak(stored, variant)
    values["user_rate_downlink"] = _user_rate(stored, variant, "rate_downlink")
    values["user_rate_uplink"] = _user_rate(stored, variant, "rate_uplink")
    values["area_traffic"] = _area_traffic(stored, variant)
    values["energy_efficiency"] = _energy_efficiency(stored, variant)
    return values


def carriers_of(stored: Stored, variant: str) -> dict[str, dict[str, Any]]:
    """The variant's carriers as the scenario gives them: the base's with the variant's patch."""
    base = stored.scenario.get("carriers") or {}
    patch = ((stored.scenario.get("variants") or {}).get(variant) or {}).get("patch") or {}
    changed = patch.get("carriers") or {}
    merged = {k: {**v, **(changed.get(k) or {})} for k, v in base.items() if not (k in changed and changed[k] is None)}
    merged |= {k: v for k, v in changed.items() if k not in base and v}
    return {k: v for k, v in merged.items() if v.get("enabled", True)}


def _peak(stored: Stored, variant: str) -> dict[str, Measured]:
    keys = ("peak_rate_downlink", "peak_rate_uplink", "peak_rate_ratio", "bandwidth")
    keys += ("peak_efficiency_downlink", "peak_efficiency_uplink")
    carriers = carriers_of(stored, variant)
    together = _at_one_site(stored, variant, set(carriers))
    if not together:
        return {k: Measured.none("the stored scenario names no carrier of this variant") for k in keys}
    parts = {k: _peak_carrier(carriers[k]) for k in together}
    rates = {k: peak_rate_bit_per_s(p) for k, p in parts.items()}
    total = sum(rates.values())
    best = max(together, key=lambda k: rates[k] / parts[k].bandwidth_hz)
    how = f"TS 38.306 clause 4.1.2, {' + '.join(together)} at one site, TDD share left out"
    efficiency = Measured.exact(rates[best] / parts[best].bandwidth_hz, f"peak rate over bandwidth of {best}")
    return {
        "peak_rate_downlink": Measured.exact(total, how),
        "peak_rate_uplink": Measured.exact(total, f"{how}; the uplink with as many layers as the downlink"),
        "peak_rate_ratio": Measured.exact(total / _IMT2020_PEAK_BIT_PER_S, "peak downlink rate over 20 Gbit/s"),
        "bandwidth": Measured.exact(sum(p.bandwidth_hz for p in parts.values()), f"{' + '.join(together)} at one site"),
        "peak_efficiency_downlink": efficiency,
        "peak_efficiency_uplink": efficiency,
    }


def _at_one_site(stored: Stored, variant: str, known: set[str]) -> list[str]:
    """Carriers of the site with the widest spectrum."""
    cells = stored.table("cells")
    if cells is None:
        return sorted(known)
    mine = cells.filter((pl.col("variant") == variant) & pl.col("carrier").is_in(list(known)))
    if not mine.height:
        return []
    kinds = mine.select("site", "carrier", "bandwidth_mhz").unique()
    widest = kinds.group_by("site").agg(pl.col("bandwidth_mhz").sum()).sort(["bandwidth_mhz", "site"])["site"][-1]
    return sorted(kinds.filter(pl.col("site") == widest)["carrier"].to_list())


def _peak_carrier(carrier: dict[str, Any]) -> PeakCarrier:
    value = _with_defaults(carrier)
    return PeakCarrier(
        bandwidth_hz=value["bandwidth_mhz"] * 1e6,
        scs_hz=value["scs_khz"] * 1e3,
        layers=int(value["layers"]),
        bits_per_symbol=_BITS[value["modulation"]],
        overhead=value["overhead"],
    )


def _with_defaults(carrier: dict[str, Any]) -> dict[str, Any]:
    names = ("scs_khz", "layers", "modulation", "overhead")
    if all(n in carrier for n in names):
        return carrier
    from silla.scenario.radio import Carrier

    return {**{n: Carrier.model_fields[n].default for n in names}, **carrier}


def _user_rate(stored: Stored, variant: str, metric: str) -> Measured:
    table = stored.table("distribution")
    mine = None if table is None else table.filter((pl.col("variant") == variant) & (pl.col("metric") == metric))
    if mine is None or not mine.height:
        return Measured.none(f"the run stored no distribution of {metric}")
    carrier = mine["carrier"].to_list()
    whole = "all" if "all" in carrier else ("" if "" in carrier else carrier[0])
    mine = mine.filter(pl.col("carrier") == whole)
    factor = 1e6 if mine["unit"][0] == "Mbit/s" else 1.0
    columns = [mine[c].to_numpy() for c in ("value", "cdf", "low", "high")]
    value, low, high = (factor * v for v in percentile_interval(*columns, share=0.05))
    return Measured(value, low, high, f"5th percentile of users in the busy hour, n = {int(mine['n'].max())}")


def _area_traffic(stored: Stored, variant: str) -> Measured:
    grid, epochs = stored.grid("map"), stored.table("epochs")
    if grid is None or epochs is None:
        return Measured.none("needs a map and a day")
    mine = epochs.filter((pl.col("variant") == variant) & (pl.col("metric") == "served_downlink"))
    points = grid.filter(pl.col("variant") == variant)
    if not mine.height or not points.height:
        return Measured.none("needs a map and a day of this variant")
    covered = points.filter(pl.col("rate_mbps") > 0).height / points.height
    area = area_of_grid_m2(points["x_m"].to_numpy(), points["y_m"].to_numpy()) * covered
    if area <= 0:
        return Measured.none("no point of the map has a usable rate")
    busiest = mine.sort("mean").row(-1, named=True)
    mean, low, high = (busiest[k] / area for k in ("mean", "low", "high"))
    return Measured(
        mean, low, high, f"traffic served in the busiest epoch over {area / 1e6:.3g} km² with a usable rate"
    )


def _energy_efficiency(stored: Stored, variant: str) -> Measured:
    epochs = stored.table("epochs")
    if epochs is None:
        return Measured.none("needs a day")

    def daily(metric: str) -> tuple[float, float, float]:
        mine = epochs.filter((pl.col("variant") == variant) & (pl.col("metric") == metric))
        return mean_of_epochs(mine["mean"].to_numpy(), mine["low"].to_numpy(), mine["high"].to_numpy())

    down, up, power = daily("served_downlink"), daily("served_uplink"), daily("power_total")
    up = (0.0, 0.0, 0.0) if math.isnan(up[0]) else up
    if not (down[0] > 0 and power[0] > 0):
        return Measured.none("the run stored no served traffic or no power")
    half = math.hypot(down[2] - down[0], up[2] - up[0])
    bits = (down[0] + up[0], down[0] + up[0] - half, down[0] + up[0] + half)
    return Measured(*ratio(bits, power), "bits delivered both ways over the energy of radio, GPUs and quantum links")
