"""Summary metrics of a variant: means over independent drops or replicate days, each with its 95 % interval."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from silla.engine.day import VariantDay
from silla.results.stats import Moments
from silla.results.summary import Metric
from silla.world.types import World

__all__ = ["day_metrics", "metric", "share", "snapshot_metrics"]

Floats = NDArray[np.float64]
_J_PER_KWH = 3.6e6


def metric(values: Floats, unit: str, description: str, *, scale: float = 1.0) -> Metric:
    """The metric of replicate values; those without a value (no user in a drop) are left out and lower the count."""
    values = np.asarray(values, dtype=float)
    return Metric.of(Moments.of(values, where=np.isfinite(values)), unit, description, scale=scale)


def share(values: Floats, description: str) -> Metric:
    """The metric of shares: values between 0 and 1 to rounding, and an interval that stays there."""
    found = metric(np.clip(values, 0.0, 1.0), "1", description)
    return dataclasses.replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0)) if found.n else found


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=np.asarray(denominator) > 0
    )


def snapshot_metrics(world: World, s: Mapping[str, Floats]) -> dict[str, Metric]:
    """Metrics of the drops at one moment."""
    area = (world.area.xmax_m - world.area.xmin_m) * (world.area.ymax_m - world.area.ymin_m)
    if world.area.kind == "hexagons":
        area = len(world.sites.id) * 2 * np.sqrt(3) * world.area.hexagon_m**2
    return {
        "users": metric(s["users"], "1", "Active users in a drop"),
        "coverage": share(_ratio(s["reached"], s["users"]), "Share of users that reach the lowest MCS"),
        "user_rate_downlink_mean": metric(s["rate_mean"][:, 0], "Mbit/s", "Mean user throughput, downlink", scale=1e-6),
        "user_rate_downlink_p5": metric(
            s["rate_p5"][:, 0], "Mbit/s", "5th percentile of user throughput, downlink", scale=1e-6
        ),
        "user_rate_uplink_mean": metric(s["rate_mean"][:, 1], "Mbit/s", "Mean user throughput, uplink", scale=1e-6),
        "user_rate_uplink_p5": metric(
            s["rate_p5"][:, 1], "Mbit/s", "5th percentile of user throughput, uplink", scale=1e-6
        ),
        "served_downlink": metric(s["served"][:, 0], "Gbit/s", "Carried downlink traffic of the network", scale=1e-9),
        "served_share_downlink": share(_ratio(s["served"][:, 0], s["offered"][:, 0]), "Carried over offered, downlink"),
        "served_share_uplink": share(_ratio(s["served"][:, 1], s["offered"][:, 1]), "Carried over offered, uplink"),
        "area_traffic": metric(s["served"][:, 0] / area, "Mbit/s/m2", "Carried downlink traffic per area", scale=1e-6),
        "cell_load": share(s["load"][:, 0].mean(axis=-1), "Mean downlink load of the cells"),
        "loads_settled": share(s["converged"], "Share of drops in which the coupled loads settled"),
    }


def day_metrics(world: World, d: VariantDay) -> dict[str, Metric]:
    """Metrics of a whole day, one value per replicate day."""
    carried = d.radio["served"].sum(axis=-1)
    offered = d.radio["offered"].sum(axis=-1)
    bits = carried.sum(axis=1) * d.step_s
    energy = d.power_total.sum(axis=1) * d.step_s

    def kwh(power: Floats) -> Floats:
        return power.sum(axis=1) * d.step_s / _J_PER_KWH

    out = {
        "day_carried": metric(bits, "Tbit", "Traffic carried in the day, both directions", scale=1e-12),
        "day_served_share": share(_ratio(carried.sum(axis=1), offered.sum(axis=1)), "Carried over offered in the day"),
        "energy_total": metric(kwh(d.power_total), "kWh", "Energy of the day"),
        "energy_radio": metric(kwh(d.power_radio), "kWh", "Energy of cells and sites"),
        "energy_gpu": metric(kwh(d.power_gpu), "kWh", "Energy of GPU pools, cooling included"),
        "energy_quantum": metric(kwh(d.power_quantum), "kWh", "Energy of quantum links"),
        "energy_per_bit": metric(_ratio(energy, bits), "uJ/bit", "Energy of the day per carried bit", scale=1e6),
        "carbon": metric(d.carbon_g_per_h.sum(axis=1) * d.step_s / 3600.0, "kg", "CO2 of the day", scale=1e-3),
    }
    return out | _pool_metrics(world, d) | _key_metrics(world, d)


def _pool_metrics(world: World, d: VariantDay) -> dict[str, Metric]:
    if not len(world.pools.id):
        return {}
    p = d.pools
    weight = world.pools.count / world.pools.count.sum()
    unserved = p.unserved_per_s.sum(axis=-1).sum(axis=1)
    asked = p.requests_per_s.sum(axis=-1).sum(axis=1)
    return {
        "gpu_utilisation_ran": share((p.utilisation_ran @ weight).mean(axis=1), "Share of GPU time for the RAN"),
        "gpu_utilisation_ai": share((p.utilisation_ai @ weight).mean(axis=1), "Share of GPU time for AI"),
        "tokens": metric(p.tokens_per_s.sum(axis=-1).mean(axis=1), "1/s", "Tokens generated per second"),
        "requests_unserved": share(_ratio(unserved, asked), "Share of AI requests refused"),
        "ran_deadline_miss": share((p.deadline_miss @ weight).mean(axis=1), "Share of RAN slots past their deadline"),
    }


def _key_metrics(world: World, d: VariantDay) -> dict[str, Metric]:
    k = d.keys
    if not len(world.flows.id):
        return {}
    traffic = k.traffic.sum(axis=(1, 2))
    return {
        "protected_quantum": share(
            _ratio((k.quantum + k.one_time_pad).sum(axis=(1, 2)), traffic),
            "Share of protected backhaul under quantum keys",
        ),
        "protected_fallback": share(_ratio(k.fallback.sum(axis=(1, 2)), traffic), "Share under the fallback"),
        "unsent": share(_ratio(k.unsent.sum(axis=(1, 2)), traffic), "Share not sent for want of keys"),
        "key_produced": metric(k.produced.sum(axis=(1, 2)), "Mbit", "Quantum keys made in the day", scale=1e-6),
        "key_consumed": metric(k.consumed.sum(axis=(1, 2)), "Mbit", "Quantum keys used, every hop counted", scale=1e-6),
    }
