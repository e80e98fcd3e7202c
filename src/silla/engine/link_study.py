"""A study of links: their waterfalls side by side, the bound that no code passes, and both as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.hashing import content_hash
from silla.base.rng import stream
from silla.base.version import VERSION
from silla.engine.campaign import Campaign, LinkPoint, Stop
from silla.engine.curves import Threshold, crossing
from silla.engine.link_setup import LinkSetup, check_link
from silla.engine.waterfall import waterfall
from silla.physics.radio.link.finite_block import POLYANSKIY, finite_block_bler
from silla.physics.radio.link.simulate import LinkConfig, code_words
from silla.physics.radio.modulation import TS38214
from silla.results.publish import publishing
from silla.results.summary import write_json
from silla.results.tables import Column, Table, write_tables

__all__ = ["Curve", "bound_curve", "curve_table", "document", "publish_study", "study"]

_BOUND_SLOTS = 1000
_BOUND = "finite-block bound"


@dataclass(frozen=True)
class Curve:
    """A waterfall with its name. points are empty for the bound, whose rates are in `bound`."""

    label: str
    points: tuple[LinkPoint, ...]
    threshold: Threshold
    bound: tuple[tuple[float, float], ...] = ()


def study(
    campaign: Campaign,
    links: Mapping[str, LinkConfig],
    *,
    target: float = 0.1,
    stop: Stop | None = None,
    snr_db: Sequence[float] | None = None,
    bound: bool = False,
) -> list[Curve]:
    """The curve of each link by its name; with `bound` the finite-block bound of the first as the last curve.

    Everything that cannot be simulated is refused before anything is: ArgumentError or DomainError with the reason.
    """
    for config in links.values():
        check_link(config)
    found = waterfall(campaign, list(links.values()), target=target, stop=stop, snr_db=snr_db)
    curves = [Curve(name, tuple(points), t) for name, (points, t) in zip(links, found, strict=True)]
    if bound:
        first = next(iter(links.values()))
        ratios = sorted({p.snr_db for c in curves for p in c.points})
        curves.append(bound_curve(first, ratios, target, campaign.seed, extend=snr_db is None))
    return curves


def bound_curve(config: LinkConfig, snr_db: Sequence[float], target: float, seed: int, *, extend: bool) -> Curve:
    """The finite-block bound at these ratios, and on down until it passes the target where `extend`.

    1000 channels, the same at every ratio, so that the curve falls.
    """
    name = content_hash([config.users, config.channel, config.n_rx])

    def add(ratios: Sequence[float]) -> None:
        found = finite_block_bler(config, ratios, _BOUND_SLOTS, stream(seed, "link-bound", name))
        rates.update(zip(ratios, found.tolist(), strict=True))

    rates: dict[float, float] = {}
    add(list(snr_db))
    while extend and rates[min(rates)] <= target and min(rates) > -40.0:
        add([min(rates) - 0.5 * step for step in range(1, 5)])
    ordered = tuple(sorted(rates.items()))
    at = crossing([x for x, _ in ordered], [y for _, y in ordered], target)
    return Curve(_BOUND, (), Threshold(at, float("nan"), float("nan"), _BOUND_SLOTS), ordered)


def _rows(curves: Sequence[Curve], configs: Mapping[str, LinkConfig]) -> list[dict[str, Any]]:
    rows = []
    for curve in curves:
        config = configs.get(curve.label)
        for p in curve.points:
            assert config is not None
            c, (low, high) = p.counts, p.curve.interval
            duration = 1e-3 / 2**config.numerology.mu
            carried = sum(word.tbs for user in config.users for word in code_words(user))
            sent = c.transmissions / c.blocks if c.blocks else math.nan
            rows.append({
                "link": curve.label, "snr_db": p.snr_db, "bler": c.bler, "low": low, "high": high, "slots": c.slots,
                "blocks": c.blocks, "block_errors": c.block_errors, "code_blocks": c.code_blocks,
                "code_block_errors": c.code_block_errors, "bit_error_rate": c.bit_errors / max(c.bits, 1),
                "coded_bit_error_rate": c.coded_bit_errors / max(c.coded_bits, 1),
                "iterations": c.iterations / max(c.code_blocks, 1), "transmissions": sent,
                "goodput_mbit_per_s": (1.0 - c.bler) * carried / sent / duration / 1e6,
                "estimate_mse": c.estimate_error / c.estimate_count if c.estimate_count else math.nan,
                "stopped": p.stopped,
            })  # fmt: skip
        for x, y in curve.bound:
            rows.append({"link": curve.label, "snr_db": x, "bler": y, "stopped": "bound"})
    return rows


_COLUMNS = (
    ("link", "", "Name of the link"), ("snr_db", "dB", "Power per resource element and receive antenna over noise"),
    ("bler", "1", "Share of transport blocks lost"), ("low", "1", "Lower end of the exact 95 % interval"),
    ("high", "1", "Upper end"), ("slots", "1", "Slots simulated"), ("blocks", "1", "Transport blocks"),
    ("block_errors", "1", "Transport blocks lost"), ("code_blocks", "1", "Code blocks"),
    ("code_block_errors", "1", "Code blocks lost"), ("bit_error_rate", "1", "Wrong information bits"),
    ("coded_bit_error_rate", "1", "Wrong hard decisions before decoding"),
    ("iterations", "1", "Mean iterations of a code block"), ("transmissions", "1", "Mean transmissions of a block"),
    ("goodput_mbit_per_s", "Mbit/s", "Bits of the blocks that arrive, every slot used"),
    ("estimate_mse", "1", "Mean squared error of the channel estimate, channel power 1"),
    ("stopped", "", "Why it stopped: errors, bound, slots"),
)  # fmt: skip
_COUNTS = ("slots", "blocks", "block_errors", "code_blocks", "code_block_errors")


def curve_table(curves: Sequence[Curve], configs: Mapping[str, LinkConfig], name: str = "link_curves") -> Table:
    """One row for each link and ratio; what the bound does not have is NaN, or 0 where a count."""
    rows = _rows(curves, configs)
    columns = []
    for column, unit, about in _COLUMNS:
        if unit == "":
            values = np.array([str(r.get(column, "")) for r in rows], dtype=object)
        elif column in _COUNTS:
            values = np.array([int(r.get(column, 0)) for r in rows], dtype=np.int64)
        else:
            values = np.array([float(r.get(column, math.nan)) for r in rows])
        columns.append(Column(column, unit, about, values))
    return Table(name, columns, "Block error rates of links by their signal-to-noise ratio")


def document(
    setup: LinkSetup,
    curves: Sequence[Curve],
    configs: Mapping[str, LinkConfig],
    target: float,
    campaign: Campaign,
    stop: Stop,
) -> dict[str, Any]:
    """Everything as plain values: settings, points and thresholds of each curve, and the distance from the bound."""
    rows = _rows(curves, configs)
    at_bound = next((c.threshold.snr_db for c in curves if c.label == _BOUND), math.nan)
    first = next(iter(configs.values()))
    return {
        "settings": asdict(setup) | {"doppler_hz": setup.doppler},
        "transport_block_bits": [w.tbs for u in first.users for w in code_words(u)],
        "target": target,
        "stop": asdict(stop),
        "seed": campaign.seed,
        "curves": [
            {
                "link": c.label, "threshold": asdict(c.threshold),
                "from_bound_db": c.threshold.snr_db - at_bound if c.label != _BOUND else None,
                "points": [{k: v for k, v in r.items() if k != "link"} for r in rows if r["link"] == c.label],
            }
            for c in curves
        ],
    }  # fmt: skip


def publish_study(
    directory: Path, name: str, about: Mapping[str, Any], curves: Sequence[Curve], configs: Mapping[str, LinkConfig]
) -> None:
    """Write link.json, manifest.json and tables/link_curves.parquet into `directory`, whole or not at all."""
    manifest = {
        "silla": VERSION, "kind": name, "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": about["settings"], "seed": about["seed"], "target": about["target"],
        "links": {label: content_hash(config) for label, config in configs.items()},
        "citations": [POLYANSKIY.text, TS38214.text],
    }  # fmt: skip
    with publishing(directory) as staging:
        write_tables(staging / "tables", [curve_table(curves, configs)])
        write_json(staging / "link.json", dict(about))
        write_json(staging / "manifest.json", manifest)
