"""Writing the results of a run: tables, grids, summary, manifest, scenario, as one set that changes together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from silla.engine.cards import models_used
from silla.engine.plan import Plan
from silla.engine.reduce import Reduced
from silla.results.publish import publishing
from silla.results.summary import build_manifest, summary_dict, write_json
from silla.results.tables import write_tables

__all__ = ["publish"]


def publish(plan: Plan, reduced: Reduced, directory: Path, about: Mapping[str, Any]) -> None:
    """Write everything into `directory`; earlier results stay whole when the disk refuses (StoreError)."""
    loaded, scenario = plan.loaded, plan.loaded.scenario
    worlds = [plan.world(v) for v in plan.variants]
    manifest = build_manifest(
        loaded.text,
        seed=scenario.seed,
        world_hashes=plan.variants,
        model_ids=sorted({m for world in worlds for m in models_used(world)}),
        scenario=scenario.model_dump(mode="json"),
        extra={
            "name": scenario.name,
            "title": scenario.title or scenario.name,
            "description": scenario.description,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "overrides": list(loaded.overrides),
            "variant": loaded.chosen,
            "sources": [
                {"kind": s.kind, "path": s.path, "sha256": s.sha256, "bytes": s.size_bytes} for s in loaded.sources
            ],
            "parts": _parts_used(plan),
            "run": dict(about),
        },
    )
    summary = {
        "silla": 1,
        "name": scenario.name,
        "title": scenario.title or scenario.name,
        "variants": summary_dict(reduced.summary),
    }
    with publishing(directory) as staging:
        write_tables(staging / "tables", reduced.tables)
        write_tables(staging / "grids", reduced.grids)
        (staging / "scenario.yaml").write_text(loaded.text, encoding="utf-8")
        write_json(staging / "summary.json", summary)
        write_json(staging / "manifest.json", manifest)


def _parts_used(plan: Plan) -> list[dict[str, Any]]:
    """Catalogue parts in use with their sources, once each."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for v in plan.variants:
        w = plan.world(v)
        groups = [
            ("antenna", zip(w.antennas.id, w.antennas.part)),
            ("gpu", zip(w.pools.gpu_id, w.pools.gpu)),
            ("model", zip(w.serves.model_id, w.serves.model)),
            ("detector", ((d["title"], d) for d in (*w.key_links.detector, *w.direct_links.detector))),
            ("fibre", ((f["title"], f) for f in w.fibres.part)),
        ]
        for kind, entries in groups:
            for name, part in entries:
                found[kind, name] = {
                    "kind": kind,
                    "id": name,
                    "title": part["title"],
                    "sources": part["sources"],
                    "note": part["note"],
                }
    return [found[key] for key in sorted(found)]
