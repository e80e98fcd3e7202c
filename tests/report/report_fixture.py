"""A synthetic but plausible results directory in the shape of docs/results.md, for tests of the report.

Nothing here is a result: the numbers are drawn so that every section of the page has something to show.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from silla.results.tables import Column, Grid, Table, write_tables

TITLE = "Gyeongju 6G trial (경주 6G 시범망)"
VARIANTS = {
    "5g": "5G at 3.5 GHz, 100 MHz",
    "6g": "6G with FR3 and the D band, quantum keys",
    "6g-airan": "6G AI-RAN <one pool> & neural receivers",
}
GAIN = {"5g": 1.0, "6g": 4.2, "6g-airan": 4.8}
SITES = [
    ("hico", "화백컨벤션센터", 430.0, -80.0),
    ("lake-n", "보문호 북", 45.0, 645.0),
    ("lake-w", "보문호 서", -560.0, 130.0),
    ("lake-s", "보문호 남", -135.0, -530.0),
]
NODES = [
    ("bomun", "보문 교환소", -270.0, -170.0),
    ("gyeongju", "경주 교환국", -6430.0, 90.0),
    ("pohang", "포항", 5450.0, 19700.0),
    ("ulsan", "울산", 2560.0, -33760.0),
    ("daegu", "대구 데이터센터", -61400.0, 3270.0),
]
FIBRES = [
    ("bomun-gj", "", "bomun", "gyeongju", 9.2),
    ("gj-ph", "경주-포항", "gyeongju", "pohang", 31.0),
    ("gj-us", "경주-울산", "gyeongju", "ulsan", 45.0),
    ("gj-dg", "경주-대구", "gyeongju", "daegu", 72.0),
    ("us-dg", "울산-대구", "ulsan", "daegu", 105.0),
]
CARRIERS = {
    "mid": {
        "frequency_ghz": 3.55,
        "bandwidth_mhz": 100,
        "scs_khz": 30,
        "layers": 4,
        "modulation": "qam256",
        "duplex": "tdd",
        "downlink_fraction": 0.75,
        "overhead": 0.14,
    },
    "fr3": {
        "frequency_ghz": 7.8,
        "bandwidth_mhz": 400,
        "scs_khz": 60,
        "layers": 4,
        "modulation": "qam1024",
        "duplex": "tdd",
        "downlink_fraction": 0.75,
        "overhead": 0.14,
    },
}
PEAK_GBPS = {"mid": 1.92, "fr3": 9.6}
UNITS = {
    "x_m": "m",
    "y_m": "m",
    "height_m": "m",
    "frequency_ghz": "GHz",
    "bandwidth_mhz": "MHz",
    "azimuth_deg": "deg",
    "downtilt_deg": "deg",
    "tx_power_dbm": "dBm",
    "length_km": "km",
    "loss_db": "dB",
    "sinr_db": "dB",
    "rsrp_dbm": "dBm",
    "rate_mbps": "Mbit/s",
    "downlink_mbps": "Mbit/s",
    "uplink_mbps": "Mbit/s",
    "t_s": "s",
    "power_w": "W",
    "rate_bit_per_s": "bit/s",
    "plob_bit_per_s": "bit/s",
    "stock_bit": "bit",
    "ttft_s": "s",
}


def make_results(
    directory: Path,
    *,
    day: bool = True,
    variants: tuple[str, ...] = tuple(VARIANTS),
    buildings: int = 60,
    seed: int = 1,
) -> Path:
    """Write the directory and return it."""
    rng = np.random.default_rng(seed)
    tables = [_table(name, columns) for name, columns in _tables(rng, variants, buildings, day).items()]
    write_tables(directory / "tables", tables)
    write_tables(directory / "grids", [_map(rng, variants)])
    (directory / "manifest.json").write_text(json.dumps(_manifest(variants, day), ensure_ascii=False), "utf-8")
    (directory / "summary.json").write_text(json.dumps(_summary(variants, day), ensure_ascii=False), "utf-8")
    (directory / "scenario.yaml").write_text("silla: 1\nname: fixture\n", "utf-8")
    return directory


def _table(name: str, columns: dict[str, Any]) -> Table:
    return Table(name, [Column(k, UNITS.get(k, ""), "", np.asarray(v)) for k, v in columns.items()])


def rows(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Columns of a list of records."""
    return {k: [r[k] for r in records] for k in records[0]} if records else {}


def _carriers(variant: str) -> list[str]:
    return ["mid"] if variant == "5g" else ["mid", "fr3"]


def _tables(
    rng: np.random.Generator, variants: tuple[str, ...], buildings: int, day: bool
) -> dict[str, dict[str, Any]]:
    tables = {
        "variants": {"variant": list(variants), "title": [VARIANTS[v] for v in variants]},
        "places": _places(),
        "carriers": _carrier_table(variants),
        "cells": _cells(variants),
        "fibres": rows(
            [
                {"id": i, "name": n, "a": a, "b": b, "length_km": km, "loss_db": 0.2 * km, "classical_channels": 20}
                for i, n, a, b, km in FIBRES
            ]
        ),
        "users": _users(rng, variants),
        "distribution": _distribution(rng, variants),
        "key_links": _key_links(variants),
        "sensitivity": _sensitivity(),
    }
    if buildings:
        tables["buildings"] = _buildings(rng, buildings)
    if day:
        tables |= _day_tables(rng, variants)
    return tables


def _places() -> dict[str, Any]:
    sites = [
        {"id": i, "name": n, "kind": "site", "x_m": x, "y_m": y, "height_m": 25.0, "hub": "bomun"}
        for i, n, x, y in SITES
    ]
    nodes = [
        {"id": i, "name": n, "kind": "node", "x_m": x, "y_m": y, "height_m": 0.0, "hub": ""} for i, n, x, y in NODES
    ]
    return rows(sites + nodes)


def _carrier_table(variants: tuple[str, ...]) -> dict[str, Any]:
    return rows(
        [
            {
                "variant": v,
                "id": c,
                "frequency_ghz": CARRIERS[c]["frequency_ghz"],
                "bandwidth_mhz": float(CARRIERS[c]["bandwidth_mhz"]),
                "layers": 4,
                "modulation": CARRIERS[c]["modulation"],
                "downlink": 0.75,
                "overhead": 0.14,
                "peak_gbps": PEAK_GBPS[c],
                "cells": 12,
            }
            for v in variants
            for c in _carriers(v)
        ]
    )


def _cells(variants: tuple[str, ...]) -> dict[str, Any]:
    return rows(
        [
            {
                "variant": v,
                "id": f"{site}/{carrier}/{k}",
                "site": site,
                "carrier": carrier,
                "frequency_ghz": CARRIERS[carrier]["frequency_ghz"],
                "bandwidth_mhz": float(CARRIERS[carrier]["bandwidth_mhz"]),
                "azimuth_deg": 120.0 * k,
                "downtilt_deg": 8.0,
                "tx_power_dbm": 46.0,
                "x_m": x,
                "y_m": y,
            }
            for v in variants
            for site, _, x, y in SITES
            for carrier in _carriers(v)
            for k in range(3)
        ]
    )


def _buildings(rng: np.random.Generator, n: int) -> dict[str, Any]:
    out = []
    for b in range(n):
        x, y = rng.uniform(-900, 900, 2)
        w, h, a = rng.uniform(10, 60), rng.uniform(10, 40), rng.uniform(0, np.pi)
        corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
        turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        for px, py in corners @ turn.T + (x, y):
            out.append({"building": b, "ring": b, "hole": False, "x_m": px, "y_m": py, "height_m": float(w / 2)})
    return rows(out)


def _users(rng: np.random.Generator, variants: tuple[str, ...]) -> dict[str, Any]:
    xy = rng.normal(0, 420, (180, 2))
    out = []
    for v in variants:
        sinr = rng.normal(11, 7, len(xy))
        rate = GAIN[v] * 18 * np.log2(1 + 10 ** (sinr / 10)) * rng.uniform(0.3, 1, len(xy))
        for (x, y), s, r in zip(xy, sinr, rate, strict=True):
            out.append(
                {
                    "variant": v,
                    "group": "회의 참가자" if x > 0 else "방문객",
                    "x_m": x,
                    "y_m": y,
                    "indoor": bool(rng.random() < 0.6),
                    "los": bool(rng.random() < 0.4),
                    "cell": f"hico/mid/{rng.integers(3)}",
                    "carrier": _carriers(v)[-1],
                    "sinr_db": s,
                    "downlink_mbps": r,
                    "uplink_mbps": r / 6,
                }
            )
    return rows(out)


def _distribution(rng: np.random.Generator, variants: tuple[str, ...]) -> dict[str, Any]:
    shapes = {
        "coupling_loss": ("dB", 112.0, 14.0),
        "sinr_downlink": ("dB", 10.0, 7.0),
        "geometry_sinr": ("dB", 6.0, 8.0),
        "rate_downlink": ("Mbit/s", 80.0, 0.0),
        "rate_uplink": ("Mbit/s", 9.0, 0.0),
    }
    cdf = np.linspace(0, 1, 101)
    out = []
    for v in variants:
        for metric, (unit, centre, spread) in shapes.items():
            is_rate = spread == 0
            for carrier in ["all"] if is_rate else _carriers(v):
                if is_rate:
                    sample = np.sort(rng.gamma(1.5, centre * GAIN[v] / 1.5, 4000))
                else:
                    sample = np.sort(rng.normal(centre - 6 * (carrier == "fr3"), spread, 4000))
                values = np.quantile(sample, cdf)
                half = 1.96 * np.sqrt(cdf * (1 - cdf) / 400)
                for value, p, e in zip(values, cdf, half, strict=True):
                    out.append(
                        {
                            "variant": v,
                            "metric": metric,
                            "carrier": carrier,
                            "value": value,
                            "unit": unit,
                            "cdf": p,
                            "low": max(0.0, p - e),
                            "high": min(1.0, p + e),
                            "n": 20,
                        }
                    )
    return rows(out)


def _key_links(variants: tuple[str, ...]) -> dict[str, Any]:
    out = []
    for v in variants:
        if v == "5g":
            continue
        for fibre, _, _, _, km in FIBRES:
            loss = 0.2 * km + 3
            eta = 10 ** (-loss / 10)
            rate = max(0.0, 1.25e9 * eta * 0.06 - 2000 * (km > 100))
            out.append(
                {
                    "variant": v,
                    "id": fibre,
                    "kind": "key",
                    "protocol": "decoy-bb84",
                    "fibre": fibre,
                    "length_km": km,
                    "loss_db": loss,
                    "raman_per_gate": 1e-6 if km < 40 else 0.0,
                    "dark_per_gate": 2e-9,
                    "qber": 0.012 + 0.0002 * km,
                    "rate_bit_per_s": rate,
                    "plob_bit_per_s": -1.25e9 * np.log2(1 - eta),
                    "limited_by": "Raman noise" if km < 40 else "loss",
                    "error_correction": "cascade",
                    "efficiency": 1.033,
                    "sifted_bit_per_s": 3 * rate,
                    "corrected_bit_per_s": 7.6e7,
                    "secret_bit_per_s": rate * 1.01,
                    "authentication_bit_per_s": rate * 0.01,
                }
            )
        direct = {"kind": "direct", "protocol": "dl04", "rate_bit_per_s": 4.1e4, "error_correction": ""}
        out.append({**out[-5], "id": "bomun-gj-direct", **direct})
    return rows(out)


def _sensitivity() -> dict[str, Any]:
    tried = {
        "FR3 bandwidth (MHz)": ("carriers.fr3.bandwidth_mhz", 400, {200: -0.31, 800: 0.42}),
        "Power per cell (dBm)": ("sites[*].cells[*].tx_power_dbm", 46, {43: -0.06, 49: 0.05}),
        "실내 비율": ("demand[visitors].indoor_fraction", 0.5, {0.2: 0.11, 0.8: -0.17}),
    }
    out = []
    for metric, unit, base in (("user_rate_downlink_mean", "Mbit/s", 92.0), ("cell_load", "1", 0.2)):
        sign = 1 if metric == "user_rate_downlink_mean" else -0.6
        for name, (path, value, changes) in tried.items():
            for v, change in changes.items():
                out.append(
                    {
                        "name": name,
                        "path": path,
                        "value": float(v),
                        "base": str(value),
                        "metric": metric,
                        "unit": unit,
                        "mean": sign * base * change,
                        "low": sign * base * change - 0.02 * base,
                        "high": sign * base * change + 0.02 * base,
                        "base_mean": base,
                        "n": 20,
                    }
                )
    return rows(out)


def _day_tables(rng: np.random.Generator, variants: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    t = np.arange(96) * 900.0
    shape = 0.25 + 0.75 * np.exp(-(((t / 3600 - 15) / 5) ** 2))
    shape[72:76] *= 1.8
    epochs, cells, keys, flows, direct, pools = [], [], [], [], [], []
    for v in variants:
        series = {
            "users": (shape * 300, "1"),
            "offered_downlink": (shape * 6e9, "bit/s"),
            "served_downlink": (np.minimum(shape * 6e9, 1.6e9 * GAIN[v]), "bit/s"),
            "offered_uplink": (shape * 9e8, "bit/s"),
            "served_uplink": (np.minimum(shape * 9e8, 3e8 * GAIN[v]), "bit/s"),
            "cell_load": (np.minimum(1, shape * 2 / GAIN[v]), "1"),
            "user_rate": (GAIN[v] * 2e7 / (0.3 + shape), "bit/s"),
            "power_radio": (4000 + 5000 * shape * (1 if v == "5g" else 1.5), "W"),
            "power_gpu": (np.full(96, 0.0 if v == "5g" else 3400.0), "W"),
            "power_quantum": (np.full(96, 0.0 if v == "5g" else 1500.0), "W"),
        }
        total = sum(series[f"power_{k}"][0] for k in ("radio", "gpu", "quantum"))
        series |= {
            "power_total": (total, "W"),
            "carbon": (total / 1000 * 415, "g/h"),
            "energy_per_bit": (total / series["served_downlink"][0], "J/bit"),
        }
        for metric, (values, unit) in series.items():
            noise = values * 0.03
            for i in range(96):
                epochs.append(
                    {
                        "variant": v,
                        "t_s": t[i],
                        "metric": metric,
                        "mean": values[i],
                        "low": values[i] - noise[i],
                        "high": values[i] + noise[i],
                        "n": 10,
                        "unit": unit,
                    }
                )
        for site, *_ in SITES:
            for k in range(3):
                load = float(rng.uniform(0.1, 0.7))
                cells.append(
                    {
                        "variant": v,
                        "cell": f"{site}/mid/{k}",
                        "load": load,
                        "load_low": load - 0.03,
                        "load_high": load + 0.03,
                        "power_w": 400.0 + 400 * load,
                        "served_gbit": 1e4 * load,
                        "n": 960,
                    }
                )
        if v == "5g":
            continue
        keys += _key_day(v, t, shape)
        flows += _flow_day(v, t, shape)
        direct += [
            {
                "variant": v,
                "link": "bomun-gj-direct",
                "t_s": s,
                "offered_bit": 1.8e6,
                "sent_bit": 1.8e6,
                "state": "up",
            }
            for s in t
        ]
        for i in range(96):
            ran, ai = 0.35 * shape[i], 0.3 + 0.3 * shape[i]
            pools.append(
                {
                    "variant": v,
                    "pool": "edge",
                    "t_s": t[i],
                    "utilisation_ran": ran,
                    "utilisation_ai": ai,
                    "tokens_per_s": 2800 * shape[i],
                    "requests_per_s": 13 * shape[i],
                    "unserved_per_s": 0.0,
                    "ttft_s": 0.12 + 0.3 * max(0.0, ran + ai - 0.8),
                    "tpot_s": 0.011,
                    "deadline_miss": 1e-6 * (1 + 50 * max(0.0, ran + ai - 0.8)),
                    "power_w": 3400.0,
                }
            )
    events = [
        {"kind": "eavesdrop", "start_s": 50400.0, "end_s": 54000.0, "target": "gj-dg", "amount": 1.0}
        | {"detail": "intercept-resend"},
        {"kind": "burst", "start_s": 64800.0, "end_s": 68400.0, "target": "visitors", "amount": 3.0} | {"detail": ""},
        {"kind": "weather", "start_s": 72000.0, "end_s": 79200.0, "target": "ulsan", "amount": 1.0}
        | {"detail": "overcast"},
    ]
    made = {"epochs": epochs, "cell_day": cells, "key_day": keys, "flow_day": flows}
    made |= {"direct_day": direct, "pool_day": pools, "events": events}
    made |= {"message_day": _message_day(t), "key_use": _key_use(t), "passes": _passes()}
    return {name: rows(records) for name, records in made.items() if records}


def _key_day(variant: str, t: np.ndarray, shape: np.ndarray) -> list[dict[str, Any]]:
    out = []
    for fibre, _, _, _, km in FIBRES:
        supply = 900.0 * max(0.0, 7.5e7 * 10 ** (-0.02 * km - 0.3) - 2000 * (km > 100))
        stock, cap = 5e7, 1e8
        for i, s in enumerate(t):
            hit = fibre == "gj-dg" and 50400 <= s < 54000
            made = 0.0 if hit else supply
            used = min(stock + made, 2.5e6 * shape[i] * (30 if fibre == "gj-dg" else 1))
            stock = min(cap, stock + made - used)
            state = "eavesdropped" if hit else ("up" if supply else "no key")
            out.append(
                {
                    "variant": variant,
                    "link": fibre,
                    "t_s": s,
                    "secret_bit": made + 5000.0,
                    "authentication_bit": 5000.0,
                    "produced_bit": made,
                    "consumed_bit": used,
                    "stock_bit": stock,
                    "stock_low": 0.98 * stock,
                    "stock_high": min(cap, 1.02 * stock),
                    "qber": 0.25 if hit else 0.02,
                    "state": state,
                }
            )
    return out


def _message_day(t: np.ndarray) -> list[dict[str, Any]]:
    names = ("offered", "quantum", "exposed", "keys", "post_quantum", "lost", "waiting")
    out = []
    for s in t:
        hit = 50400 <= s < 54000
        bits = dict.fromkeys((f"{n}_bit" for n in names), 0.0) | {"offered_bit": 7.2e6}
        bits |= {"keys_bit" if hit else "quantum_bit": 7.2e6, "waiting_bit": 1e5 if hit else 0.0}
        state = {"hops": float("nan") if hit else 2.0, "state": "fallback" if hit else "relayed"}
        out.append({"variant": "6g", "message": "무선망 제어", "t_s": s} | bits | state)
    return out


def _key_use(t: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"variant": "6g", "flow": "control/bomun", "link": link, "t_s": s, "used_bit": 1e6}
        for s in t
        for link in (("gj-us", "us-dg") if 50400 <= s < 54000 else ("gj-dg",))
    ]


def _passes() -> list[dict[str, Any]]:
    place = {"variant": "6g", "link": "leo-ulsan", "satellite": "실라 시험위성", "station": "울산"}
    return [
        place
        | {"rise_s": s - 130, "culmination_s": s, "set_s": s + 130, "max_elevation_deg": 45.0, "loss_db": 26.3}
        | {"weather": sky, "light": light, "sifted_bit": 4e6, "qber": 0.01, "key_bit": bits}
        for s, sky, light, bits in (
            (1200.0, "clear", "night", 1.6e6),
            (42000.0, "clear", "day", 0.0),
            (78000.0, "overcast", "night", 0.0),
        )
    ]


def _flow_day(variant: str, t: np.ndarray, shape: np.ndarray) -> list[dict[str, Any]]:
    out = []
    for flow in ("user-plane/bomun", "control/bomun"):
        for i, s in enumerate(t):
            traffic = 900 * shape[i] * (6e9 if flow.startswith("user") else 1e4)
            short = 0.4 if 50400 <= s < 56000 else 0.0
            otp = flow.startswith("control")
            out.append(
                {
                    "variant": variant,
                    "flow": flow,
                    "t_s": s,
                    "traffic_bit": traffic,
                    "quantum_bit": 0.0 if otp else traffic * (1 - short),
                    "one_time_pad_bit": traffic * (1 - short) if otp else 0.0,
                    "fallback_bit": traffic * short,
                    "unsent_bit": 0.0,
                    "key_demand_bit": traffic * 1e-6,
                    "key_served_bit": traffic * 1e-6 * (1 - short),
                    "fallback": "ml-kem-768",
                }
            )
    return out


def _map(rng: np.random.Generator, variants: tuple[str, ...]) -> Grid:
    axis = np.arange(-900, 901, 25.0)
    x, y = np.meshgrid(axis, axis)
    sites = np.array([[s[2], s[3]] for s in SITES])
    layers: dict[str, list[Any]] = {k: [] for k in ("sinr_db", "rsrp_dbm", "rate_mbps", "los", "indoor", "cell")}
    for v in variants:
        d = np.hypot(x[..., None] - sites[:, 0], y[..., None] - sites[:, 1]) + 20
        rx = -40 - 35 * np.log10(d) + rng.normal(0, 2, d.shape)
        power = 10 ** (rx / 10)
        sinr = 10 * np.log10(power.max(-1) / (power.sum(-1) - power.max(-1) + 1e-15))
        layers["sinr_db"].append(sinr)
        layers["rsrp_dbm"].append(rx.max(-1))
        layers["rate_mbps"].append(GAIN[v] * 60 * np.log2(1 + 10 ** (sinr / 10)))
        layers["los"].append(d.min(-1) < 250)
        layers["indoor"].append(rng.random(x.shape) < 0.1)
        layers["cell"].append((3 * len(_carriers(v)) * rx.argmax(-1)).astype(np.int32))
    axes = [
        Column("variant", "", "", np.array(variants, dtype=object)),
        Column("y_m", "m", "", axis),
        Column("x_m", "m", "", axis),
    ]
    values = [Column(k, UNITS.get(k, "1"), "", np.stack(v)) for k, v in layers.items()]
    return Grid("map", axes, values, "", {"carrier": dict.fromkeys(variants, "mid")})


def _summary(variants: tuple[str, ...], day: bool) -> dict[str, Any]:
    def entry(mean: float, unit: str, description: str, n: int = 20) -> dict[str, Any]:
        ends = [0.97 * mean, 1.03 * mean]
        return {"mean": mean, "ci95": ends, "n": n, "unit": unit, "description": description}

    out: dict[str, Any] = {}
    for v in variants:
        quantum = 0.0 if v == "5g" else 0.97
        out[v] = {
            "users": entry(180.0, "1", "Active users in a drop"),
            "coverage": entry(0.99, "1", "Share of users that reach the lowest MCS"),
            "user_rate_downlink_mean": entry(28 * GAIN[v], "Mbit/s", "Mean user throughput, downlink"),
            "user_rate_downlink_p5": entry(24 * GAIN[v], "Mbit/s", "5th percentile of user throughput, downlink"),
            "user_rate_uplink_p5": entry(1.5 * GAIN[v], "Mbit/s", "5th percentile of user throughput, uplink"),
            "area_traffic": entry(1.2e-4 * GAIN[v], "Mbit/s/m2", "Carried downlink traffic per area"),
        }
        if day:
            out[v] |= {
                "energy_per_bit": entry(2.0 / GAIN[v], "uJ/bit", "Energy of the day per carried bit", 10),
                "energy_total": entry(210.0, "kWh", "Energy of the day", 10),
                "protected_quantum": entry(quantum, "1", "Share of protected backhaul under quantum keys", 10),
            }
    return {"silla": 1, "name": "fixture", "title": TITLE, "variants": out}


def _manifest(variants: tuple[str, ...], day: bool) -> dict[str, Any]:
    scenario: dict[str, Any] = {
        "silla": 1,
        "name": "fixture",
        "title": TITLE,
        "description": "Four sites around Bomun lake; <script>alert(1)</script> must stay text.",
        "seed": 1,
        "carriers": CARRIERS,
        "snapshot": {"drops": 20, "at": "busy"},
        "variants": {
            "5g": {"title": VARIANTS["5g"], "patch": {"carriers": {"fr3": {"enabled": False}}}},
            "6g": {"title": VARIANTS["6g"], "patch": {}},
            "6g-airan": {"title": VARIANTS["6g-airan"], "patch": {}},
        },
    }
    scenario["variants"] = {v: scenario["variants"][v] for v in variants}
    if day:
        scenario["day"] = {"hours": 24, "step_min": 15, "drops": 10}
    return {
        "silla": "0.1.0",
        "name": "fixture",
        "title": scenario["title"],
        "seed": 1,
        "scenario": scenario,
        "scenario_sha256": "0123456789abcdef" * 4,
        "worlds": dict.fromkeys(variants, "fedcba9876543210" * 2),
        "created": "2026-01-02T03:04:05+00:00",
        "run": {"tasks": 348, "tasks_reused": 0, "elapsed_s": 21.4, "engine": "local", "jobs": 2},
        "overrides": [],
        "versions": {"python": "3.13.1", "numpy": "2.2.0"},
        "models": [
            {
                "id": "radio.path_loss.uma",
                "title": "Urban macro path loss",
                "version": 1,
                "citations": [{"key": "TR38.901", "text": "3GPP TR 38.901 V19.2, Table 7.4.1-1", "url": ""}],
            },
            {
                "id": "quantum.decoy_bb84",
                "title": "Decoy-state BB84",
                "version": 2,
                "left_out": "detector dead time",
                "citations": [
                    {
                        "key": "Lim2014",
                        "text": "C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014)",
                        "url": "10.1103/PhysRevA.89.022307",
                    }
                ],
            },
        ],
    }
