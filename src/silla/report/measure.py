"""KPI values of each variant, from stored results: what the run says about itself, or why it says nothing."""

from __future__ import annotations

import math

import polars as pl

from silla.report.kpis import Measured
from silla.report.metrics import peak_efficiency, uplink_peak
from silla.report.stored import Stored
from silla.report.text import base_unit

__all__ = ["kpi_values"]

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
    """Every KPI by id for one variant, in the KPI's unit."""
    values = {k: Measured.none(why) for k, why in _NOT_SIMULATED.items()}
    values |= _peak(stored, variant)
    busy = "mean over drops of the busy hour"
    how = f"throughput that a file transfer sees beside the other users' traffic, not the full buffer of M.2412; {busy}"
    values["user_rate_downlink"] = _from_summary(stored, variant, "user_rate_downlink_p5", how)
    values["user_rate_uplink"] = _from_summary(stored, variant, "user_rate_uplink_p5", how)
    values["area_traffic"] = _from_summary(
        stored,
        variant,
        "area_traffic",
        f"traffic carried, which is at most what users ask for, over the whole area; {busy}",
    )
    values["energy_efficiency"] = _energy_efficiency(stored, variant)
    return values


def _peak(stored: Stored, variant: str) -> dict[str, Measured]:
    keys = ("peak_rate_downlink", "peak_rate_uplink", "peak_rate_ratio", "bandwidth")
    keys += ("peak_efficiency_downlink", "peak_efficiency_uplink")
    table = _carriers_at_one_site(stored, variant)
    if table is None:
        return {k: Measured.none("the run stored no carriers") for k in keys}
    rows = table.to_dicts()
    names = " + ".join(r["id"] for r in rows)
    down = 1e9 * sum(r["peak_gbps"] for r in rows)
    up = 1e9 * sum(uplink_peak(r["peak_gbps"], r["downlink"]) for r in rows)
    best = max(rows, key=lambda r: peak_efficiency(r["peak_gbps"] * 1e9, r["bandwidth_mhz"] * 1e6, r["downlink"]))
    efficiency = Measured.exact(
        peak_efficiency(best["peak_gbps"] * 1e9, best["bandwidth_mhz"] * 1e6, best["downlink"]),
        f"{best['id']}: {best['layers']} layers, {best['modulation']}, overhead {100 * best['overhead']:g} %, "
        "over the bandwidth and the direction's share of time",
    )
    how = f"all layers and the highest MCS on {names} of one site, with the TDD share of time"
    return {
        "peak_rate_downlink": Measured.exact(down, how),
        "peak_rate_uplink": Measured.exact(up, f"{how}, the uplink with as many layers"),
        "peak_rate_ratio": Measured.exact(down / _IMT2020_PEAK_BIT_PER_S, "peak downlink rate over 20 Gbit/s"),
        "bandwidth": Measured.exact(1e6 * sum(r["bandwidth_mhz"] for r in rows), f"{names} at one site"),
        "peak_efficiency_downlink": efficiency,
        "peak_efficiency_uplink": Measured.exact(
            efficiency.value, f"{efficiency.basis}; taken as the downlink's, with as many layers"
        ),
    }


def _carriers_at_one_site(stored: Stored, variant: str) -> pl.DataFrame | None:
    """The carriers of the site whose carriers have the highest peak rate together."""
    carriers, cells = stored.table("carriers"), stored.table("cells")
    if carriers is None or cells is None:
        return None
    mine = carriers.filter(pl.col("variant") == variant)
    at = cells.filter(pl.col("variant") == variant).select("site", "carrier").unique()
    rated = at.join(mine.select("id", "peak_gbps"), left_on="carrier", right_on="id")
    if not rated.height:
        return None
    best = rated.group_by("site").agg(pl.col("peak_gbps").sum()).sort(["peak_gbps", "site"])["site"][-1]
    chosen = rated.filter(pl.col("site") == best)["carrier"].to_list()
    return mine.filter(pl.col("id").is_in(chosen))


def _from_summary(stored: Stored, variant: str, metric: str, basis: str) -> Measured:
    entry = stored.summary["variants"].get(variant, {}).get(metric)
    if not entry or entry["mean"] is None:
        return Measured.none(f"the run stored no {metric}")
    factor, _ = base_unit(entry["unit"])
    low, high = entry["ci95"]
    ends = (-math.inf if low is None else factor * low, math.inf if high is None else factor * high)
    return Measured(factor * entry["mean"], *ends, f"{basis}, n = {entry['n']}")


def _energy_efficiency(stored: Stored, variant: str) -> Measured:
    """The inverse of the mean energy per bit."""
    per_bit = _from_summary(
        stored, variant, "energy_per_bit", "bits carried both ways over the energy of radio, GPUs and quantum links"
    )
    if not per_bit.value > 0 or not per_bit.low > 0:
        return per_bit if math.isnan(per_bit.value) else Measured.none("no energy or no traffic")
    return Measured(1 / per_bit.value, 1 / per_bit.high, 1 / per_bit.low, per_bit.basis)
