"""From a directory of results to its report.html."""

from __future__ import annotations

from pathlib import Path

from silla.report.kpis import load_targets
from silla.report.stored import open_results

__all__ = ["build"]


def build(directory: Path | str, *, targets: Path | None = None) -> Path:
    """Path of the report made in `directory`, one offline HTML file.

    Reads manifest.json, summary.json, tables and grids; writes report.html in one step (a fault leaves an older report
    as it was). Sections whose tables are absent are left out.

    Parameters
    ----------
    directory : what a run left behind.
    targets : YAML file of KPI targets instead of the packaged one.

    Raises ArgumentError for a directory that holds no results, StoreError for damaged files or a refusing disk,
    DataFileError for a faulty file of targets.
    """
    from silla.report.figures.citymap import city_map
    from silla.report.page import page
    from silla.report.sections.base import Section
    from silla.report.sections.closing import method_section, models_section, reproduce_section, sensitivity_section
    from silla.report.sections.contributions import contribution_section
    from silla.report.sections.days import day_section
    from silla.report.sections.distributions import distribution_section
    from silla.report.sections.headline import headline_section
    from silla.report.sections.kpi import kpi_section
    from silla.report.sections.link import link_section
    from silla.report.sections.maps import map_section
    from silla.report.sections.quantum import quantum_section
    from silla.report.sections.solve import solve_section
    from silla.report.sections.threat import threat_section
    from silla.results.atomic import write_bytes

    stored = open_results(Path(directory))
    goals = load_targets(targets)
    city = city_map(stored)
    made: list[Section | None] = [
        headline_section(stored),
        map_section(stored, city) if city else None,
        contribution_section(stored),
        quantum_section(stored, [v["window"] for v in city.about["views"] if v["one"]] if city else []),
        day_section(stored),
        link_section(stored),
        distribution_section(stored),
        kpi_section(stored, goals),
        solve_section(stored),
        threat_section(stored),
        sensitivity_section(stored),
        method_section(stored),
        models_section(stored),
        reproduce_section(stored),
    ]
    path = stored.directory / "report.html"
    write_bytes(path, page(stored, [s for s in made if s], city).encode())
    return path
