"""Silla: an open digital twin of the quantum-secured, AI-native 6G network.

In a notebook:

    import silla

    scenario = silla.load("gyeongju", set=["day.drops=5"])
    results = silla.run(scenario)
    results.table("epochs")        # a Polars data frame, units in results.units("epochs")
    results.grid("map").sinr_db    # an xarray field
    results.report()               # the path of the HTML page
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silla.base.version import VERSION

if TYPE_CHECKING:
    from silla.results.opened import Results
    from silla.scenario.loader import Loaded

__version__ = VERSION
__all__ = ["Results", "load", "open_results", "run"]


def load(scenario: str | Path, *, set: Sequence[str] = (), variant: str | None = None) -> Loaded:
    """A validated scenario from a file or a built-in name.

    Parameters
    ----------
    scenario : path of a YAML file, or "gyeongju", "hex-uma", "hex-umi", "indoor", "madrid-grid".
    set : changed parameters, ``"carriers.fr3.bandwidth_mhz=200"``, as on the command line.
    variant : the variant that `.scenario` shall be.

    Raises silla.base.errors.ScenarioError with every fault of the file, by line.
    """
    from silla.scenario.loader import load as load_scenario

    return load_scenario(scenario, set, variant)


def run(
    scenario: Loaded | str | Path,
    out: str | Path | None = None,
    *,
    jobs: int = 1,
    engine: str = "local",
) -> Results:
    """Simulate a scenario and open its results.

    Parameters
    ----------
    scenario : what `load` returned, or what it takes.
    out : folder of the results; by default ``runs/NAME``. Tasks found there are not computed again.
    jobs : worker processes. engine : "local" or "ray". Results are the same to the last bit whatever the two are.

    Raises silla.base.errors.InputError, StoreError or RunError.
    """
    from silla.engine.run import default_directory, run_scenario
    from silla.scenario.loader import Loaded

    loaded = scenario if isinstance(scenario, Loaded) else load(scenario)
    directory = Path(out) if out is not None else default_directory(loaded)
    run_scenario(loaded, directory, jobs=jobs, engine=engine)
    return open_results(directory)


def open_results(directory: str | Path) -> Results:
    """The results that an earlier run left in a folder. Raises StoreError when there are none."""
    from silla.results.opened import Results

    return Results(Path(directory))


def __getattr__(name: str) -> Any:
    if name == "Results":
        from silla.results.opened import Results

        return Results
    raise AttributeError(f"module 'silla' has no attribute {name!r}")
