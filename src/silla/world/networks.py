"""Fibres, quantum links and the traffic that they protect, as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ScenarioError
from silla.base.units import dbm_to_w, from_db
from silla.scenario.catalogue import Catalogue
from silla.scenario.demand import profiles_of
from silla.scenario.files import read_fibres
from silla.scenario.infrastructure import Classical, Fibre
from silla.scenario.models import Scenario
from silla.scenario.quantum import chain_ends
from silla.world.types import DirectLinks, Fibres, KeyLinks, Messages, Repeaters, Sites, TrafficFlows

__all__ = [
    "compile_direct",
    "compile_fibres",
    "compile_flows",
    "compile_keys",
    "compile_messages",
    "compile_repeaters",
]

_ASSUMED = 1.16  # f of error correction that is assumed (Lim et al. 2014)


def compile_fibres(scenario: Scenario, folder: Path, place: dict[str, int], parts: Catalogue) -> Fibres:
    """Fibres of the list and of the file."""
    rows = [*scenario.fibres, *_from_file(scenario, folder)]
    part = tuple(parts.part("fibres", f.type) for f in rows)
    loss = [
        p["attenuation_db_per_km"] if f.attenuation_db_per_km is None else f.attenuation_db_per_km
        for f, p in zip(rows, part, strict=True)
    ]
    light = [f.classical or Classical(channels=0) for f in rows]
    return Fibres(
        id=tuple(f.id for f in rows),
        name=tuple(f.name or f.id for f in rows),
        ends=np.array([[place[e] for e in f.ends] for f in rows], dtype=np.int64).reshape(-1, 2),
        length_m=np.array([f.length_km for f in rows], dtype=float) * 1e3,
        attenuation_db_per_km=np.array(loss, dtype=float),
        extra_loss_db=np.array([f.extra_loss_db for f in rows], dtype=float),
        classical_channels=np.array([c.channels for c in light], dtype=np.int64),
        classical_power_w=dbm_to_w(np.array([c.power_dbm for c in light], dtype=float)),
        classical_wavelength_m=np.array([c.wavelength_nm for c in light], dtype=float) * 1e-9,
        classical_spacing_hz=np.array([c.spacing_ghz for c in light], dtype=float) * 1e9,
        co_fraction=np.array([{"co": 1.0, "counter": 0.0, "both": 0.5}[c.direction] for c in light], dtype=float),
        part=part,
    )


def _from_file(scenario: Scenario, folder: Path) -> list[Fibre]:
    table = read_fibres(scenario.files, folder)
    return [] if table is None else table.fibres()


def _common(links: list[Any], fibres: Fibres, parts: Catalogue) -> dict[str, Any]:
    index = {name: i for i, name in enumerate(fibres.id)}

    def column(name: str) -> np.ndarray:
        return np.array([getattr(link, name) for link in links], dtype=float)

    return {
        "id": tuple(link.id or link.fibre for link in links),
        "fibre": np.array([index[link.fibre] for link in links], dtype=np.int64),
        "protocol": tuple(link.protocol for link in links),
        "wavelength_m": column("wavelength_nm") * 1e-9,
        "filter_m": column("filter_nm") * 1e-9,
        "pulse_rate_hz": column("pulse_rate_mhz") * 1e6,
        "detector": tuple(parts.part("detectors", link.detector) for link in links),
        "receiver_transmittance": from_db(-column("receiver_loss_db")),
        "misalignment": column("misalignment"),
        "gate_s": column("gate_ns") * 1e-9,
        "equipment_w": column("equipment_w"),
        "watchdog": np.array([link.watchdog for link in links], dtype=bool),
    }


def compile_keys(scenario: Scenario, fibres: Fibres, parts: Catalogue) -> KeyLinks:
    """Key links that are enabled."""
    links = [k for k in scenario.quantum.keys if k.enabled and scenario.quantum.enabled]

    def column(name: str) -> np.ndarray:
        return np.array([np.nan if getattr(k, name) is None else getattr(k, name) for k in links], dtype=float)

    return KeyLinks(
        **_common(links, fibres, parts),
        isolation=from_db(-column("isolation_db")),
        decoys=np.array([k.decoys for k in links], dtype=np.int64),
        homodyne=tuple(k.homodyne.model_dump() for k in links),
        signal_intensity=column("signal_intensity"),
        error_correction=tuple(k.error_correction for k in links),
        error_correction_efficiency=np.nan_to_num(column("error_correction_efficiency"), nan=_ASSUMED),
        reconciliation_cores=np.array([k.reconciliation_cores for k in links], dtype=np.int64),
        block_bits=column("block_bits"),
        security_epsilon=column("security_epsilon"),
        **_stores(links),
    )


def _stores(links: list[Any]) -> dict[str, Any]:
    stock = np.array([k.stock_mbit for k in links], dtype=float) * 1e6
    return {"stock_bits": stock, "initial_bits": stock * np.array([k.initial_fraction for k in links], dtype=float)}


def compile_direct(scenario: Scenario, fibres: Fibres, parts: Catalogue) -> DirectLinks:
    """Direct-communication links that are enabled."""
    links = [k for k in scenario.quantum.direct if k.enabled and scenario.quantum.enabled]
    messages = np.array([k.message_bit_per_s for k in links], dtype=float)
    dimension = np.array([k.dimension or 0 for k in links], dtype=np.int64)
    isolation = np.array([np.nan if k.isolation_db is None else k.isolation_db for k in links], dtype=float)
    return DirectLinks(
        **_common(links, fibres, parts),
        dimension=dimension,
        decoys=np.array([k.decoys for k in links], dtype=np.int64),
        isolation=from_db(-isolation),
        block_bits=np.array([1e3 * (k.block_kbit or 0.0) for k in links], dtype=float),
        message_bit_per_s=messages,
    )


def compile_repeaters(scenario: Scenario, fibres: Fibres, parts: Catalogue) -> Repeaters:
    """Chains that are enabled; ScenarioError where fibres of a file do not make one open chain."""
    chains = [r for r in scenario.quantum.repeaters if r.enabled and scenario.quantum.enabled]
    index = {name: i for i, name in enumerate(fibres.id)}
    path = tuple(tuple(index[f] for f in r.fibres) for r in chains)

    def column(name: str, of: Any = None) -> np.ndarray:
        return np.array([getattr(of(r) if of else r, name) for r in chains], dtype=float)

    def memory(name: str) -> np.ndarray:
        return column(name, lambda r: r.memory)

    stations = np.array([len(p) + 1 for p in path], dtype=float)
    return Repeaters(
        id=tuple(r.id for r in chains),
        path=path,
        ends=np.array([_chain_ends(r.id, fibres, p) for r, p in zip(chains, path)], dtype=np.int64).reshape(-1, 2),
        makes_keys=np.array([r.makes == "keys" for r in chains], dtype=bool),
        attempts_per_s=column("attempts_mhz") * 1e6,
        modes=memory("modes").astype(np.int64),
        memory_efficiency=memory("efficiency"),
        memory_s=memory("lifetime_ms") * 1e-3,
        pair_fidelity=memory("pair_fidelity"),
        swap_success=memory("swap_success"),
        swap_fidelity=memory("swap_fidelity"),
        purify_rounds=memory("purify_rounds").astype(np.int64),
        wavelength_m=column("wavelength_nm") * 1e-9,
        filter_m=column("filter_nm") * 1e-9,
        gate_s=column("gate_ns") * 1e-9,
        detector=tuple(parts.part("detectors", r.detector) for r in chains),
        error_correction_efficiency=column("error_correction_efficiency"),
        equipment_w=column("equipment_w") * stations,
        **_stores(chains),
    )


def _chain_ends(ident: str, fibres: Fibres, path: tuple[int, ...]) -> tuple[int, int]:
    try:
        return chain_ends([(int(a), int(b)) for a, b in fibres.ends[list(path)]])
    except ValueError as error:
        names = ", ".join(fibres.id[f] for f in path)
        raise ScenarioError(
            f"repeater chain {ident!r}: {error} ({names}); list them in order from end to end"
        ) from None


def compile_messages(scenario: Scenario, place: dict[str, int]) -> Messages:
    """Messages; none where quantum links are switched off."""
    rows = list(scenario.quantum.messages) if scenario.quantum.enabled else []
    profiles = profiles_of(scenario.profiles)
    return Messages(
        id=tuple(m.id or f"message{i}" for i, m in enumerate(rows)),
        ends=np.array([[place[e] for e in m.ends] for m in rows], dtype=np.int64).reshape(-1, 2),
        bit_per_s=np.array([m.bit_per_s for m in rows], dtype=float),
        profile=np.array([profiles[m.profile] for m in rows], dtype=float).reshape(-1, 24),
        relay=tuple(m.relay for m in rows),
        fallback=tuple(m.fallback for m in rows),
        priority=np.array([m.priority for m in rows], dtype=np.int64),
    )


def compile_flows(scenario: Scenario, place: dict[str, int], sites: Sites) -> TrafficFlows:
    """One row per security entry and hub; hubs that no site uses carry no traffic and are left out of "all"."""
    hubs = [i for i in np.unique(sites.hub) if i >= 0]
    names = {i: name for name, i in place.items()}
    rows = []
    for number, entry in enumerate(scenario.security):
        wanted = hubs if isinstance(entry.hubs, str) else [place[h] for h in entry.hubs]
        rows += [(entry.id or f"flow{number}", entry, hub) for hub in wanted if hub != place[entry.to]]
    entries = [r[1] for r in rows]
    return TrafficFlows(
        id=tuple(f"{ident}/{names[hub]}" for ident, _, hub in rows),
        entry=tuple(ident for ident, _, _ in rows),
        source=np.array([hub for _, _, hub in rows], dtype=np.int64),
        target=np.array([place[e.to] for e in entries], dtype=np.int64),
        share=np.array([e.share for e in entries], dtype=float),
        one_time_pad=np.array([e.cipher == "one-time-pad" for e in entries], dtype=bool),
        rekey_bits=np.array([e.rekey.every_gb for e in entries], dtype=float) * 8e9,
        rekey_s=np.array([e.rekey.every_s for e in entries], dtype=float),
        fallback=tuple(e.fallback for e in entries),
        priority=np.array([e.priority for e in entries], dtype=np.int64),
    )
