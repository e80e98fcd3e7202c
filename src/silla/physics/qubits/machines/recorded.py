"""Runs on a machine, written down and played back: tests and reports need no account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from silla.base.errors import ArgumentError, DataFileError, StoreError
from silla.base.hashing import content_hash
from silla.physics.qubits.ising import Ising
from silla.physics.qubits.samples import TIMING_KEYS, Sampler, Samples, timing

__all__ = ["Recorder", "Replay"]

_FORMAT = "silla qubit runs 1"


def _request(model: Ising, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """What was asked, in plain JSON values; the key of a run is its hash."""
    i, j, value = model.pairs()
    return {
        "h": model.h.tolist(), "couplings": [[int(a), int(b), float(v)] for a, b, v in zip(i, j, value)],
        "offset": model.offset, "seed": int(seed), "options": {k: _plain(v) for k, v in sorted(options.items())},
    }  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in sorted(value.items())}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(v) for v in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return repr(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)


def _key(request: dict[str, Any]) -> str:
    return content_hash(request)[:32]


class Recorder(Sampler):
    """A solver whose runs are written to a JSON file as they are made; the answers are its own, unchanged."""

    name: ClassVar[str] = "recorder"

    def __init__(self, solver: Sampler, path: str | Path):
        self.solver, self.path = solver, Path(path)
        self.options = dict(solver.options)  # type: ignore[misc]
        self._runs = _read(self.path)["runs"] if self.path.exists() else {}

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        answer = self.solver._sample(model, seed=seed, **o)
        request = _request(model, seed, o)
        spins = answer.as_spins()
        self._runs[_key(request)] = {
            "request": request,
            "answer": {
                "states": spins.states.tolist(), "energies": spins.energies.tolist(), "counts": spins.counts.tolist(),
                "timing": {k: float(v) for k, v in spins.timing.items()}, "info": _plain(dict(spins.info)),
            },
        }  # fmt: skip
        document = {"format": _FORMAT, "solver": self.solver.name, "runs": self._runs}
        _write(self.path, json.dumps(document))
        return answer


class Replay(Sampler):
    """The runs of a file that a `Recorder` wrote; another question than those recorded is refused, never answered.

    info["recorded"] is True. timing is that of the recorded run (wall is the replay's own; the recorded one is
    info["recorded_wall_s"]).
    """

    name: ClassVar[str] = "replay"

    def __init__(self, path: str | Path):
        self.path = Path(path)
        document = _read(self.path)
        self._runs = document["runs"]
        self.solver_name = str(document.get("solver", ""))
        keys = {k for run in self._runs.values() for k in run["request"]["options"]}
        self.options = dict.fromkeys(sorted(keys))  # type: ignore[misc]

    def _sample(self, model: Ising, *, seed: int, **o: Any) -> Samples:
        run = self._find(model, seed, {k: v for k, v in o.items() if v is not None})
        try:
            answer = run["answer"]
            states = np.array(answer["states"], dtype=np.int8)
            counts = np.array(answer["counts"], dtype=np.int64)
            times = {k: float(answer["timing"].get(k, 0.0)) for k in TIMING_KEYS}
            if states.ndim != 2 or states.shape[1] != model.n or not np.isin(states, (-1, 1)).all():
                raise ValueError(f"states of shape {states.shape} for {model.n} spins")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataFileError(
                f"{self.path}: a recorded answer is damaged: {type(error).__name__}: {error}"
            ) from error
        info = {**answer.get("info", {}), "recorded": True, "recorded_wall_s": times.pop("wall")}
        return Samples(states, model.energy(states), counts, timing(**times), "spin", info)

    def _find(self, model: Ising, seed: int, given: dict[str, Any]) -> dict[str, Any]:
        """The recorded run of this model and seed, with the options given; those not given may be any."""
        asked = _request(model, seed, given)
        fits = [
            run
            for run in self._runs.values()
            if all(run["request"].get(k) == asked[k] for k in ("h", "couplings", "offset", "seed"))
            and all(run["request"]["options"].get(k) == v for k, v in asked["options"].items())
        ]
        if len(fits) == 1:
            return fits[0]
        what = "is not recorded" if not fits else f"fits {len(fits)} recorded runs; say more options"
        sizes = sorted({len(run["request"]["h"]) for run in self._runs.values()})
        raise ArgumentError(
            f"{self.path}: this question ({model.n} spins, seed {seed}, {given or 'no options'}) {what}; the file has "
            f"{len(self._runs)} runs, of {sizes} spins. Record it with Recorder(solver, path)"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFileError(f"{path}: recorded runs cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise DataFileError(f"{path}: recorded runs must be JSON: {error}") from error
    runs = document.get("runs") if isinstance(document, dict) else None
    if not isinstance(runs, dict) or document.get("format") != _FORMAT:
        raise DataFileError(f"{path}: not a file of recorded runs; its format must be {_FORMAT!r}")
    if not all(
        isinstance(r, dict) and isinstance(r.get("request"), dict) and "options" in r["request"] for r in runs.values()
    ):
        raise DataFileError(f"{path}: a recorded run has no request")
    return document


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: runs could not be recorded: {error.strerror or error}") from error
