"""summary.json and manifest.json: every mean with its count and interval, and what is needed to run it again."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError, StoreError
from silla.base.provenance import Citation, ModelCard, all_models
from silla.base.version import VERSION
from silla.results.atomic import store_error, write_bytes
from silla.results.stats import Moments, Proportion

__all__ = ["Metric", "build_manifest", "read_json", "strict_json", "summary_dict", "write_json", "write_summary"]


@dataclass(frozen=True)
class Metric:
    """One number of a report: mean, 95 % interval, number of independent values behind it, unit.

    The interval's ends may be infinite (one replicate alone): they are written as null. Raises ArgumentError for a mean
    without count or interval, and for an interval that does not hold its mean.
    """

    mean: float
    low: float
    high: float
    n: int
    unit: str
    description: str = ""

    def __post_init__(self) -> None:
        missing = [name for name in ("mean", "low", "high", "n", "unit") if getattr(self, name) is None]
        if missing:
            raise ArgumentError(f"a metric needs mean, interval, count and unit; missing: {', '.join(missing)}")
        if int(self.n) != self.n or self.n < 0:
            raise ArgumentError(f"a metric's count is {self.n}; a whole number of 0 or more is needed")
        if math.isnan(self.mean) != (self.n == 0):
            raise ArgumentError(f"a metric has mean {self.mean} from {self.n} values; NaN belongs to 0 values alone")
        if self.n > 0:
            slack = 1e-9 * max(abs(self.mean), 1e-300)
            if not self.low - slack <= self.mean <= self.high + slack:
                raise ArgumentError(f"a metric's mean {self.mean} lies outside its interval {self.low} to {self.high}")

    @staticmethod
    def of(statistic: Moments | Proportion, unit: str, description: str = "", *, scale: float = 1.0) -> Metric:
        """The metric of a scalar statistic, multiplied by a positive `scale` (a change of unit)."""
        low, high = statistic.interval95()
        centre = statistic.mean if isinstance(statistic, Moments) else statistic.estimate
        n = int(statistic.n)
        mean = float(centre) * scale if n else math.nan
        return Metric(mean, float(low) * scale, float(high) * scale, n, unit, description)


def strict_json(value: Any) -> str:
    """JSON text without NaN and Infinity (they become null); takes NumPy values, metrics, citations and paths too."""
    return json.dumps(_plain(value), allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Metric):
        return {
            "mean": _plain(value.mean),
            "ci95": [_plain(value.low), _plain(value.high)] if value.n else [None, None],
            "n": int(value.n),
            "unit": value.unit,
            **({"description": value.description} if value.description else {}),
        }
    if isinstance(value, Citation):
        return {"key": value.key, "text": value.text, "url": value.url}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [_plain(item) for item in items]
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise ArgumentError(f"a {type(value).__name__} cannot be written as JSON")


def write_json(path: Path | str, value: Any) -> None:
    """Write strict JSON in one step. Raises StoreError."""
    write_bytes(Path(path), strict_json(value).encode())


def read_json(path: Path | str) -> Any:
    """The value of a JSON file. Raises StoreError when it is missing or damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as fault:
        raise store_error(fault, path, doing="read") from fault
    except ValueError as fault:
        raise StoreError(f"{path}: is not valid JSON ({fault}); run the scenario again") from fault


def summary_dict(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Check a tree of metrics: dicts whose leaves are `Metric`. A bare number is refused with its path."""

    def walk(node: Mapping[str, Any], where: str) -> dict[str, Any]:
        out = {}
        for name, item in node.items():
            path = f"{where}.{name}" if where else str(name)
            if isinstance(item, Metric):
                out[str(name)] = _plain(item)
            elif isinstance(item, Mapping):
                out[str(name)] = walk(item, path)
            else:
                raise ArgumentError(
                    f"summary entry {path} is a {type(item).__name__}: a mean is written only with count and interval"
                )
        return out

    return walk(metrics, "")


def write_summary(
    directory: Path | str, variants: Mapping[str, Mapping[str, Any]], *, name: str, title: str = ""
) -> Path:
    """Write ``summary.json``: {silla, name, title, variants: {variant: {metric: {mean, ci95, n, unit, description}}}}.

    Raises ArgumentError for a number without count and interval; nothing is written then.
    """
    path = Path(directory) / "summary.json"
    about = {"silla": VERSION, "name": name, "title": title}
    write_json(path, {**about, "variants": summary_dict(variants)})
    return path


def build_manifest(
    scenario_text: str,
    *,
    seed: int,
    world_hashes: Mapping[str, str],
    model_ids: Iterable[str],
    scenario: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What ``manifest.json`` holds: the scenario itself and its SHA-256, seed, hashes, versions, models, citations.

    Parameters
    ----------
    scenario_text : the file as the user wrote it. world_hashes : variant -> content hash of its world.
    model_ids : ids of the model cards used; their modules must have been imported.
    scenario : the scenario as it was run, plain values with defaults filled in; the report reads carriers, title and
        variants from it. extra : further entries (name, title, task counts, time); may not replace the others.

    Raises ArgumentError for a model id that is not registered and for an extra entry that exists already.
    """
    cards = all_models()
    used = sorted(set(model_ids))
    unknown = [name for name in used if name not in cards]
    if unknown:
        raise ArgumentError(f"no model card is registered as {', '.join(unknown)}")
    manifest = {
        "silla": VERSION,
        "seed": int(seed),
        "scenario": _plain(scenario or {}),
        "scenario_text": scenario_text,
        "scenario_sha256": hashlib.sha256(scenario_text.encode()).hexdigest(),
        "worlds": dict(world_hashes),
        "versions": {"silla": VERSION, "python": platform.python_version(), "numpy": np.__version__},
        "models": [_model_entry(cards[name]) for name in used],
    }
    clash = set(manifest) & set(extra or {})
    if clash:
        raise ArgumentError(f"manifest entries {', '.join(sorted(clash))} are fixed and cannot be given again")
    named = {key: manifest["scenario"][key] for key in ("name", "title") if key in manifest["scenario"]}
    return {**manifest, **named, **_plain(extra or {})}


def _model_entry(card: ModelCard) -> dict[str, Any]:
    return {
        "id": card.id,
        "title": card.title,
        "version": card.version,
        "left_out": card.left_out,
        "citations": [_plain(source) for source in card.sources],
    }
