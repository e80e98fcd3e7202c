"""Targets, and how a run stands against them.

A verdict is `met` or `missed` only where the target holds anywhere (arithmetic, inspection); a simulated value from an
environment that is not the target's is `indicative`, and what was not simulated is `not measured`, with the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from silla.base.errors import DataFileError

__all__ = ["Kpi", "Measured", "Source", "Target", "Targets", "Verdict", "judge", "load_targets"]


@dataclass(frozen=True)
class Source:
    """A document that sets targets, and its standing."""

    key: str
    name: str
    text: str
    standing: str


@dataclass(frozen=True)
class Kpi:
    """A quantity that targets are set for."""

    id: str
    title: str
    unit: str


@dataclass(frozen=True)
class Target:
    """One number to reach: `bound` with `sense` "at_least" or "at_most", in the KPI's unit."""

    kpi: Kpi
    source: Source
    sense: str
    bound: float
    environment: str
    note: str = ""


@dataclass(frozen=True)
class Targets:
    """A file of targets."""

    standings: dict[str, str]
    kpis: dict[str, Kpi]
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval (equal ends: exact), or NaN and the reason why there is none.

    basis : how it came about, for the reader.
    """

    value: float
    low: float
    high: float
    basis: str

    @classmethod
    def exact(cls, value: float, basis: str) -> Measured:
        """A value that follows from the scenario by arithmetic."""
        return cls(value, value, value, basis)

    @classmethod
    def none(cls, why: str) -> Measured:
        """No value, and why."""
        return cls(math.nan, math.nan, math.nan, why)


@dataclass(frozen=True)
class Verdict:
    """`word`: met, missed, undecided or not measured; `indicative` when the environment is not the target's."""

    word: str
    indicative: bool
    reason: str


def judge(target: Target, measured: Measured) -> Verdict:
    """Where a value stands against a target.

    met / missed: the whole 95 % interval lies on one side of the bound; undecided: it straddles it.
    """
    if not math.isfinite(measured.value):
        return Verdict("not measured", False, measured.basis)
    sign = 1.0 if target.sense == "at_least" else -1.0
    ends = sorted((sign * (measured.low - target.bound), sign * (measured.high - target.bound)))
    word = "met" if ends[0] >= 0 else ("missed" if ends[1] < 0 else "undecided")
    if target.environment == "any":
        return Verdict(word, False, measured.basis)
    where = "which names no environment" if target.environment == "unstated" else f"for {target.environment}"
    return Verdict(word, True, f"{measured.basis}; the target is set {where}, this scenario is another")


def load_targets(path: Path | None = None) -> Targets:
    """Targets of a file, by default the packaged ones.

    Raises DataFileError naming the entry when the file is missing, is not YAML, or names an unknown KPI or source.
    """
    name = str(path) if path else "kpi_targets.yaml"
    document = _read(path, name)
    try:
        sources = {
            k: Source(k, str(v.get("name", k)), str(v["text"]), str(v["standing"]))
            for k, v in document["sources"].items()
        }
        kpis = {k: Kpi(k, str(v["title"]), str(v["unit"])) for k, v in document["kpis"].items()}
        standings = {str(k): str(v) for k, v in document["standings"].items()}
        entries = list(document["targets"])
    except (KeyError, TypeError, AttributeError) as error:
        raise DataFileError(
            f"{name}: needs the keys standings, sources, kpis and targets, as in silla/report/kpi_targets.yaml "
            f"({type(error).__name__}: {error})"
        ) from None
    for source in sources.values():
        if source.standing not in standings:
            raise DataFileError(
                f"{name}: sources.{source.key}.standing: {source.standing!r} is not among {list(standings)}"
            )
    return Targets(standings, kpis, tuple(_target(name, i, e, kpis, sources) for i, e in enumerate(entries)))


def _read(path: Path | None, name: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = (
            path.read_text("utf-8")
            if path
            else (resources.files("silla.report") / "kpi_targets.yaml").read_text("utf-8")
        )
        return YAML(typ="safe", pure=True).load(text)
    except OSError as error:
        raise DataFileError(f"{name}: cannot be read ({error.strerror}); give a YAML file of targets") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise DataFileError(f"{name}: not YAML ({str(error).splitlines()[0]})") from None


def _target(name: str, i: int, entry: Any, kpis: dict[str, Kpi], sources: dict[str, Source]) -> Target:
    where = f"{name}: targets[{i}]"
    if not isinstance(entry, dict):
        raise DataFileError(f"{where}: expected a mapping, found {type(entry).__name__}")
    unknown = set(entry) - {"kpi", "source", "at_least", "at_most", "environment", "note"}
    if unknown:
        raise DataFileError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    if entry.get("kpi") not in kpis:
        raise DataFileError(f"{where}.kpi: {entry.get('kpi')!r} is not among {sorted(kpis)}")
    if entry.get("source") not in sources:
        raise DataFileError(f"{where}.source: {entry.get('source')!r} is not among {sorted(sources)}")
    senses = [s for s in ("at_least", "at_most") if s in entry]
    if len(senses) != 1 or not isinstance(entry[senses[0]], (int, float)) or isinstance(entry[senses[0]], bool):
        raise DataFileError(f"{where}: needs exactly one of at_least and at_most, a number")
    return Target(
        kpis[entry["kpi"]],
        sources[entry["source"]],
        senses[0],
        float(entry[senses[0]]),
        str(entry.get("environment", "unstated")),
        str(entry.get("note", "")),
    )
