"""One link of 1 Tbit/s net, simulated bit by bit: rate, errors, range, power, what each impairment costs, and 5G.

`tbps_report` is a pure function of its arguments. The radios are those of `tbps_system`, the link is
`physics.radio.link.wideband`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.base.rng import stream
from silla.engine.tasks import one_thread
from silla.engine.tbps_search import Need, compared, interval, measured, required_snr, shortened, slots_by_default
from silla.engine.tbps_system import (
    FARTHEST_M,
    IMPAIRMENTS,
    IMT2020_PEAK_BIT_PER_S,
    PRESETS,
    System,
    budget,
    build_link,
    changed,
    overheads,
    power,
    reach_by_budget_m,
    reference_5g,
    system,
)
from silla.physics.radio.link.los_mimo import condition_number, los_capacity_bits
from silla.physics.radio.link.wideband import WidebandLink, channel
from silla.physics.radio.link.wideband_chain import SlotCounts, propagate, receive, transmit, transmitted

__all__ = ["IMPAIRMENTS", "PRESETS", "TARGET_BIT_PER_S", "tbps_figures", "tbps_report"]

TARGET_BIT_PER_S = 1e12
Progress = Callable[[str, int, int], None]


def tbps_report(
    preset: str = "dband",
    *,
    distance_m: float | None = None,
    spaced_for_m: float | None = None,
    rain_mm_per_h: float = 0.0,
    impairments: Sequence[str] = tuple(IMPAIRMENTS),
    n_slots: int | None = None,
    search_blocks: int = 480,
    target_code_bler: float = 0.01,
    costs: bool = True,
    reference: bool = True,
    seed: int = 1,
    progress: Progress | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """What `silla link tbps` prints: one link, simulated, and everything that follows from it.

    Parameters
    ----------
    preset : "dband", "sub-thz-300" or "nr-100mhz". changes : see `tbps_system.changed` (layers, modulation, rate,
        bandwidth_ghz, oscillator, waveform, subarrays, polarisations, steering_deg, backoff_db, mu, speed_m_s).
    distance_m : between the panels, the preset's if not given; their subarrays are spaced for `spaced_for_m`, the same
        distance if not given. rain_mm_per_h : over the whole path.
    impairments : names of `IMPAIRMENTS` that are on. n_slots : simulated at the distance; by default 24, fewer where
        they hold more than 3e7 bits. search_blocks : code blocks at most at each point of the searches, in slots cut
        short. target_code_bler : share of code blocks in error at which SNR, range and costs are read.
    costs, reference : also find what each impairment costs, and run 5G.

    Returns a dict of plain values: reaches_1_tbps and why, rate (with every overhead), error (exact 95 % intervals),
    layers, snr, range, power, costs, mimo, reference_5g. Raises ArgumentError or DomainError for what cannot work.
    """
    if not (n_slots is None or n_slots >= 1) or search_blocks < 1:
        raise ArgumentError(f"{n_slots} slots and {search_blocks} code blocks of the searches; at least 1 of each")
    base = changed(system(preset), **changes)
    distance = base.distance_m if distance_m is None else distance_m
    names = tuple(dict.fromkeys(impairments))
    link = build_link(base, distance, rain_mm_per_h, names, spaced_for_m)
    powers = budget(base, distance, rain_mm_per_h)
    tell = progress or (lambda what, done, total: None)
    steps = 4 + (len(names) + 1 if costs else 0)
    tell("errors at the distance", 0, steps)
    counts = measured(link, powers["snr_db"], n_slots or slots_by_default(link), seed)
    tell("SNR needed", 1, steps)
    search = _Search(target_code_bler, search_blocks, seed)
    needed = search.need(link)
    cost, done = None, 2
    if costs:
        build = functools.partial(build_link, base, distance, rain_mm_per_h, spaced_for_m=spaced_for_m)
        cost, done = _costs(build, names, search, needed, lambda what, k: tell(what, k, steps), done)
    tell("5G on the same engine", done, steps)
    five_g = reference_5g() if reference else None
    tell("range", steps - 1, steps)
    spaced = distance if spaced_for_m is None else spaced_for_m
    fixed, fixed_blocks = _reach_of_fixed_panels(base, names, rain_mm_per_h, spaced, distance, search)
    goodput = link.net_bit_per_s * (1.0 - counts.bler)
    errors = _errors(counts)
    report: dict[str, Any] = {
        "preset": preset,
        "title": base.title,
        "note": base.note,
        "distance_m": distance,
        "rain_mm_per_h": rain_mm_per_h,
        "impairments": list(names),
        "reaches_1_tbps": goodput >= TARGET_BIT_PER_S,
        "why": _why(base, link, counts, powers["snr_db"], needed.snr_db),
        "link": _link_row(base, link),
        "rate": overheads(base, link) | {
            "goodput_bit_per_s": goodput,
            "goodput_low95_bit_per_s": link.net_bit_per_s * (1.0 - errors["transport_blocks"]["high95"]),
            "goodput_high95_bit_per_s": link.net_bit_per_s * (1.0 - errors["transport_blocks"]["low95"]),
        },
        "error": errors,
        "layers": _layers(counts),
        "snr": powers | {"required_db": needed.snr_db, "required_low95_db": needed.low_db,
                         "required_high95_db": needed.high_db, "required_code_blocks": needed.code_blocks,
                         "target_code_bler": target_code_bler, "phase_noise_limit_db": link.phase_noise_limit_db(),
                         "shannon_db": link.shannon_snr_db},
        "range": _range(base, link, needed, rain_mm_per_h) | {"fixed_panels_m": fixed,
                                                              "fixed_panels_code_blocks": fixed_blocks},
        "power": power(base, link, counts.iterations / counts.code_blocks),
        "costs": cost,
        "mimo": _mimo(base, link, powers["snr_db"]),
        "search": {"code_blocks_at_most": search_blocks, "symbols_of_a_slot": search.short(link).n_symbols},
        "reference_5g": None if five_g is None else five_g | _times(goodput, five_g),
    }  # fmt: skip
    tell("done", steps, steps)
    return report


def _why(s: System, link: WidebandLink, counts: SlotCounts, snr: float, needed: float | None) -> str:
    """One sentence when the link misses 1 Tbit/s, empty when it carries it."""
    net = link.net_bit_per_s
    if net < TARGET_BIT_PER_S:
        factor = TARGET_BIT_PER_S / net
        return (
            f"{s.layers} layers of {s.modulation} at rate {float(s.rate):.3f} in {s.bandwidth_hz / 1e9:g} GHz end at "
            f"{net / 1e9:.4g} Gbit/s net: 1 Tbit/s needs {factor:.2f} times as much, for instance "
            f"{s.bandwidth_hz * factor / 1e9:.3g} GHz"
        )
    if net * (1.0 - counts.bler) < TARGET_BIT_PER_S:
        short = "no SNR suffices" if needed is None else f"{needed:.1f} dB are needed"
        return (
            f"{counts.block_errors} of {counts.blocks} transport blocks are lost at {snr:.1f} dB ({short} for the "
            f"target): {net * (1.0 - counts.bler) / 1e9:.4g} of {net / 1e9:.4g} Gbit/s arrive"
        )
    return ""


def _link_row(s: System, link: WidebandLink) -> dict[str, Any]:
    return {
        "band_ghz": [s.low_hz / 1e9, s.high_hz / 1e9],
        "carriers_ghz": [c / 1e9 for c in link.carriers_hz],
        "carrier_spacing_hz": s.spacing_hz,
        "bandwidth_hz": s.bandwidth_hz,
        "subcarrier_spacing_hz": link.scs_hz,
        "mu": link.mu,
        "subcarriers": link.n_subcarriers,
        "transform": link.n_fft,
        "sample_rate_hz": link.sample_rate_hz,
        "cyclic_prefix_s": link.prefix_samples / link.sample_rate_hz,
        "slot_s": link.slot_s,
        "bits_per_slot": link.bits_per_slot,
        "layers": link.layers,
        "modulation": link.modulation,
        "code_rate": float(link.rate),
        "waveform": link.waveform,
        "phase_tracking_subcarriers": 2 * link.tracked + 1,
        "doppler_hz": link.doppler_hz,
        "oscillator": link.hardware.oscillator,
        "backoff_db": link.hardware.backoff_db,
    }


def _errors(counts: SlotCounts) -> dict[str, Any]:
    """Blocks of one slot share oscillators and noise estimates: the intervals hold for independent ones."""
    return {
        "slots": counts.slots,
        "bits": interval(counts.bit_errors, counts.bits),
        "code_blocks": interval(counts.code_block_errors, counts.code_blocks),
        "transport_blocks": interval(counts.block_errors, counts.blocks),
        "iterations": counts.iterations / counts.code_blocks,
    }


def _layers(counts: SlotCounts) -> list[dict[str, float]]:
    return [
        {"layer": i, "sinr_db": float(x), "evm_percent": float(100 * 10 ** (-x / 20))}
        for i, x in enumerate(counts.layer_snr_db)
    ]


@dataclass(frozen=True)
class _Search:
    """What all searches of a report share."""

    target: float
    code_blocks: int
    seed: int

    def short(self, link: WidebandLink) -> WidebandLink:
        return shortened(link, min(self.code_blocks, 120))

    def need(self, link: WidebandLink, start_db: float | None = None) -> Need:
        return required_snr(link, self.target, self.code_blocks, self.seed, start_db)

    def counts(self, link: WidebandLink, snr_db: float) -> SlotCounts:
        return compared(self.short(link), snr_db, self.target, self.code_blocks, self.seed)


def _range(s: System, link: WidebandLink, needed: Need, rain: float) -> dict[str, Any]:
    """re_spaced: subarrays spaced anew for each distance, from the budget and the SNR that is needed."""
    return {
        "re_spaced_m": reach_by_budget_m(s, needed.snr_db, rain),
        "re_spaced_dry_m": reach_by_budget_m(s, needed.snr_db, 0.0),
        "required_snr_db": needed.snr_db,
        "spacing_m": list(link.panels.spacing_m),
    }


def _reach_of_fixed_panels(
    s: System, names: Sequence[str], rain: float, spaced: float, start: float, search: _Search
) -> tuple[float, int]:
    """Farthest distance, to 3 %, at which the simulated link with the panels as they are spaced meets the target, and
    the code blocks that this rests on.

    Beyond the distance that they are spaced for, the layers become alike and the SNR falls: the error rate rises there
    with distance. 0 where the target is missed at the starting distance itself.
    """
    blocks = 0

    def meets(d: float) -> bool:
        nonlocal blocks
        counts = search.counts(build_link(s, d, rain, names, spaced), budget(s, d, rain)["snr_db"])
        blocks += counts.code_blocks
        return counts.code_bler <= search.target

    if not meets(start):
        return 0.0, blocks
    low, high = start, start * 1.5
    while high < FARTHEST_M and meets(high):
        low, high = high, high * 1.5
    while high / low > 1.03:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if middle < FARTHEST_M and meets(middle) else (low, middle)
    return low, blocks


def _costs(build, names, search: _Search, needed: Need, tell, done):
    """dB that each impairment adds to the SNR that is needed, alone and all together; None: no SNR suffices."""
    tell("SNR needed on ideal hardware", done)
    ideal = search.need(build(()))
    rows = []
    for name in names:
        done += 1
        tell(f"cost of {name}", done)
        alone = search.need(build((name,)), ideal.snr_db)
        rows.append({"impairment": name, "required_snr_db": alone.snr_db} | _cost(alone, ideal))
    parts = [r["cost_db"] for r in rows]
    together = _cost(needed, ideal)
    return {
        "ideal_snr_db": ideal.snr_db,
        "alone": rows,
        "sum_of_alone_db": None if None in parts else math.fsum(parts),
        "all_together_db": together["cost_db"],
        "all_together_low95_db": together["low95_db"],
        "all_together_high95_db": together["high95_db"],
        "code_blocks": ideal.code_blocks + needed.code_blocks + sum(r["code_blocks"] for r in rows),
    }, done + 1


def _cost(need: Need, ideal: Need) -> dict[str, Any]:
    """The difference of two needs, and bounds as if their random numbers had nothing in common: they are the same."""
    return {
        "cost_db": _less(need.snr_db, ideal.snr_db),
        "low95_db": _less(need.low_db, ideal.high_db),
        "high95_db": _less(need.high_db, ideal.low_db),
        "code_blocks": need.code_blocks,
    }


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _mimo(s: System, link: WidebandLink, snr_db: float) -> dict[str, Any]:
    """Condition and capacity at the middle of every carrier."""
    h = np.asarray(channel(link))[..., 0, link.n_subcarriers // 2]
    snr = link.layers * 10 ** (snr_db / 10)
    bits = los_capacity_bits(h, snr)
    return {
        "subarrays": [s.rows, s.columns],
        "polarisations": s.polarisations,
        "spacing_m": list(link.panels.spacing_m),
        "aperture_m": link.panels.aperture_m,
        "condition": condition_number(h).tolist(),
        "capacity_bit_per_s": float(np.mean(bits) * len(h) * link.occupied_hz),
        "capacity_of_orthogonal_bit_per_s": float(
            link.layers * math.log2(1 + link.panels.n_subarrays * snr / link.layers) * len(h) * link.occupied_hz
        ),
    }


def _times(goodput: float, five_g: dict[str, Any]) -> dict[str, float | None]:
    carrier = five_g["carrier_goodput_bit_per_s"]
    return {
        "times_imt2020_peak": goodput / IMT2020_PEAK_BIT_PER_S,
        "times_one_carrier": goodput / carrier if carrier else None,
        "times_sixteen_carriers": goodput / (16 * carrier) if carrier else None,
    }


def tbps_figures(
    preset: str = "dband",
    *,
    distance_m: float | None = None,
    spaced_for_m: float | None = None,
    rain_mm_per_h: float = 0.0,
    impairments: Sequence[str] = tuple(IMPAIRMENTS),
    n_points: int = 16,
    code_blocks: int = 240,
    seed: int = 1,
    progress: Progress | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Arrays for diagrams of the same link: constellation density by layer, spectrum, errors and condition by distance.

    constellation : edges [65], counts [layers, 64, 64] (row: imaginary part). spectrum : offset_hz and level_db (0: the
    mean within the carrier) of the transmitter's output on the first carrier. by_distance : distance_m, snr_db,
    condition, code_block_errors of code_blocks (about so many as asked for, in slots cut short), code_bler and its
    exact low95 and high95, of fixed panels over a range around the distance, SNR from the budget; NaN nearer than the
    model holds.
    """
    base = changed(system(preset), **changes)
    distance = base.distance_m if distance_m is None else distance_m
    spaced = distance if spaced_for_m is None else spaced_for_m
    names = tuple(dict.fromkeys(impairments))
    link = shortened(build_link(base, distance, rain_mm_per_h, names, spaced), code_blocks)
    rng = stream(seed, "tbps", "figures")
    with one_thread():
        sent = transmit(link, rng)
        got = receive(link, propagate(link, sent.samples, budget(base, distance, rain_mm_per_h)["snr_db"], rng))
    edges = np.linspace(-1.7, 1.7, 65)
    clouds = [np.histogram2d(x.imag.ravel(), x.real.ravel(), bins=(edges, edges))[0] for x in _by_layer(got.symbols)]
    rows = []
    for i, d in enumerate(_distances(distance, n_points)):
        if progress is not None:
            progress("errors by distance", i, n_points)
        try:
            there = build_link(base, d, rain_mm_per_h, names, spaced)
        except DomainError:
            rows.append({"distance_m": d} | dict.fromkeys(_BY_DISTANCE, np.nan))
            continue
        snr = budget(base, d, rain_mm_per_h)["snr_db"]
        counts = measured(shortened(there, code_blocks), snr, -(-code_blocks // there.code_blocks_per_slot), seed)
        errors = interval(counts.code_block_errors, counts.code_blocks)
        condition = float(condition_number(np.asarray(channel(there))[0, :, :, 0, link.n_subcarriers // 2]))
        found = (snr, condition, errors["errors"], errors["of"], errors["rate"], errors["low95"], errors["high95"])
        rows.append({"distance_m": d} | dict(zip(_BY_DISTANCE, found)))
    return {
        "constellation": {"edges": edges, "counts": np.array(clouds)},
        "spectrum": _spectrum(link, sent.samples),
        "by_distance": {name: np.array([row[name] for row in rows]) for name in ("distance_m", *_BY_DISTANCE)},
    }


_BY_DISTANCE = ("snr_db", "condition", "code_block_errors", "code_blocks", "code_bler", "low95", "high95")


def _distances(distance: float, n: int) -> list[float]:
    """Around a distance, which is one of them, below what the budget takes."""
    ratio = np.geomspace(0.25, 8.0, n)
    ratio[np.abs(np.log(ratio)).argmin()] = 1.0
    return [d for d in (distance * ratio).tolist() if d < FARTHEST_M]


def _by_layer(symbols: np.ndarray) -> np.ndarray:
    return symbols.transpose(1, 0, 2)


def _spectrum(link: WidebandLink, samples: np.ndarray) -> dict[str, np.ndarray]:
    """Power by subcarrier of the first carrier behind the amplifier, averaged over symbols and layers."""
    spectrum = np.fft.fftshift((np.abs(np.fft.fft(transmitted(link, samples[:1]))) ** 2).mean(axis=(0, 1, 2)))
    offset = (np.arange(link.n_fft) - link.n_fft // 2) * link.scs_hz
    inside = np.abs(offset) < 0.48 * link.occupied_hz
    return {"offset_hz": offset, "level_db": 10 * np.log10(spectrum / spectrum[inside].mean())}
