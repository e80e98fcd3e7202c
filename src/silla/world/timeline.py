"""Pools, what they serve, energy and events, as arrays."""

from __future__ import annotations

import numpy as np

from silla.scenario.catalogue import Catalogue
from silla.scenario.demand import profiles_of
from silla.scenario.models import Scenario
from silla.world.types import AirLinks, EnergyModel, Events, Fibres, Places, Pools, Serves, Sites

__all__ = ["compile_energy", "compile_events", "compile_pools", "compile_serves"]

_J_PER_KWH = 3.6e6


def compile_pools(scenario: Scenario, place: dict[str, int], n_sites: int, parts: Catalogue) -> Pools:
    """Pools that are enabled."""
    pools = [p for p in scenario.pools if p.enabled]
    ran_sites = np.zeros((len(pools), n_sites), dtype=bool)
    for i, pool in enumerate(pools):
        if isinstance(pool.ran_sites, str):
            ran_sites[i] = pool.ran_sites == "all"
        else:
            ran_sites[i, [place[s] for s in pool.ran_sites]] = True
    return Pools(
        id=tuple(p.id for p in pools),
        place=np.array([place[p.at] for p in pools], dtype=np.int64),
        gpu=tuple(parts.part("gpus", p.gpu) for p in pools),
        gpu_id=tuple(p.gpu for p in pools),
        count=np.array([p.count for p in pools], dtype=np.int64),
        shared=np.array([p.sharing == "shared" for p in pools], dtype=bool),
        ran_gpus=np.array([p.ran_gpus for p in pools], dtype=np.int64),
        ran_sites=ran_sites,
    )


def compile_serves(scenario: Scenario, parts: Catalogue) -> Serves:
    """One row per pool and model."""
    profiles = profiles_of(scenario.profiles)
    pools = [p for p in scenario.pools if p.enabled]
    rows = [(i, s) for i, p in enumerate(pools) for s in p.serves]
    return Serves(
        pool=np.array([i for i, _ in rows], dtype=np.int64),
        model=tuple(parts.part("models", s.model) for _, s in rows),
        model_id=tuple(s.model for _, s in rows),
        requests_per_s=np.array([s.requests_per_s for _, s in rows], dtype=float),
        prompt_tokens=np.array([s.prompt_tokens for _, s in rows], dtype=float),
        output_tokens=np.array([s.output_tokens for _, s in rows], dtype=float),
        profile=np.array([profiles[s.profile] for _, s in rows], dtype=float).reshape(-1, 24),
    )


def compile_energy(scenario: Scenario) -> EnergyModel:
    """Anchors in watts and carbon in kg per joule, hour by hour."""
    e = scenario.energy
    carbon = np.broadcast_to(np.asarray(e.carbon_g_per_kwh, dtype=float), (24,)).copy()
    return EnergyModel(e.radio_reference_w, e.site_overhead_w, e.pue, carbon * 1e-3 / _J_PER_KWH)


def compile_events(scenario: Scenario, sites: Sites, places: Places, fibres: Fibres, air: AirLinks) -> Events:
    """Events in the order of their start. The file's users are the group after the last one of `demand`.

    Links through the air count after the last fibre; what happens to one that is not enabled is left out.
    """
    paths = [*fibres.id, *air.id]
    ids = {
        "eavesdrop": paths,
        "cut": paths,
        "burst": [*(g.id for g in scenario.demand), "files.users"],
        "outage": list(sites.id),
        "weather": list(places.id),
    }
    rows = []
    for event in scenario.events:
        hours, minutes = event.at.split(":")
        start = int(hours) * 3600.0 + int(minutes) * 60.0
        kind = next(k for k in ids if getattr(event, k) is not None)
        if ids[kind] is paths and getattr(event, kind) not in paths:
            continue
        amount = {"eavesdrop": event.fraction, "burst": event.factor}.get(kind, 1.0)
        target, attack = (
            ids[kind].index(getattr(event, kind)),
            {"eavesdrop": event.attack, "weather": event.becomes}.get(kind, ""),
        )
        rows.append((start, start + event.for_min * 60.0, kind, target, amount, attack))
    rows.sort(key=lambda r: r[0])
    return Events(
        kind=tuple(r[2] for r in rows),
        start_s=np.array([r[0] for r in rows], dtype=float),
        end_s=np.array([r[1] for r in rows], dtype=float),
        target=np.array([r[3] for r in rows], dtype=np.int64),
        amount=np.array([r[4] for r in rows], dtype=float),
        detail=tuple(r[5] for r in rows),
    )
