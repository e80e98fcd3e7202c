"""The propagation environments of TR 38.901 and their fixed numbers: one row per environment.

Kernels and arrays carry an environment as its integer code, so codes never change meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from silla.base.errors import ArgumentError
from silla.base.provenance import Citation, Range

__all__ = [
    "ENVIRONMENTS",
    "NYU142",
    "TR38900",
    "TR38901",
    "Environment",
    "EnvironmentParameters",
    "EnvironmentRow",
    "Version",
    "environment",
    "version",
]

TR38901 = Citation(
    "TR38901",
    "3GPP TR 38.901, Study on channel model for frequencies from 0.5 to 100 GHz, V16.1.0 (2019-12) and V19.2.0",
    "https://www.3gpp.org/dynareport/38901.htm",
)
TR38900 = Citation(
    "TR38900",
    "3GPP TR 38.900, Study on channel model for frequency spectrum above 6 GHz, V14.0.0 (2016-06)",
    "https://www.3gpp.org/dynareport/38900.htm",
)


NYU142 = Citation(
    "Xing2021",
    "Y. Xing, T. S. Rappaport, Millimeter Wave and Terahertz Urban Microcell Propagation Measurements and Models, IEEE "
    "Communications Letters 25(12), 2021, with the 140 GHz parameters of NYUSIM 4",
    "https://doi.org/10.1109/LCOMM.2021.3117900",
)


class Environment(IntEnum):
    """Environment codes; the order is part of the kernel interface.

    SMA, the suburban macro cell, is new in Release 19 (V19.2 alone); its decorrelation distances and O2I shadow fading
    are taken as those of RMa. SUBTHZ_UMI is outside TR 38.901: street cells at 100 to 325 GHz, close-in model.
    """

    RMA = 0
    UMA = 1
    UMI = 2
    INH_OPEN = 3
    INH_MIXED = 4
    INF_SL = 5
    INF_DL = 6
    INF_SH = 7
    INF_DH = 8
    INF_HH = 9
    SMA = 10
    SUBTHZ_UMI = 11


class Version(IntEnum):
    """Parameter versions; the order is part of the kernel interface.

    V14_0 is TR 38.900 V14.0.0, under which the companies' large-scale calibration results were made, read as clause 7.4
    alone: UMa line of sight by 32.4 + 20 log10(d) + 20 log10(f), LOS probability by d_2D also for users in buildings,
    shadow fading by Table 7.4.1-1 also for them (the 7 dB of the O2I column belong to the fast-fading Table 7.5-6).
    V16_1 and V19_2 are TR 38.901: LOS probability by d_2D-out, 7 dB (RMa 8 dB) for links into buildings.
    """

    V14_0 = 0
    V16_1 = 1
    V19_2 = 2


@dataclass(frozen=True)
class EnvironmentParameters:
    """Site-independent numbers of RMa, SMa and InF: TR 38.901 Tables 7.4.1-1 (defaults) and 7.2-4.

    street_width_m, building_height_m : W and h of RMa.
    clutter_density : fraction r of the factory floor covered by clutter; clutter_size_m : d_clutter;
    clutter_height_m : h_c. vegetation_density : share of ground under trees in SMa, 0 (none), 0.1 (sparse) or 0.2
    (dense). SMa has its own W = h = 10 m.
    """

    street_width_m: float = 20.0
    building_height_m: float = 5.0
    clutter_density: float = 0.2
    clutter_size_m: float = 10.0
    clutter_height_m: float = 2.0
    vegetation_density: float = 0.1


@dataclass(frozen=True)
class EnvironmentRow:
    """One environment: heights, ranges, shadow fading of O2I links and decorrelation distances.

    shadow_o2i_db : standard deviation for links into buildings (Table 7.5-6, O2I column); 0 where there is no O2I.
    decorrelation_m : of shadow fading for LOS, NLOS and O2I links (Table 7.5-6).
    """

    code: Environment
    name: str
    indoor: bool
    site_height_m: Range
    user_height_m: Range
    distance_2d_m: Range
    frequency_ghz: Range
    shadow_o2i_db: float
    decorrelation_m: tuple[float, float, float]


_FREQ = Range(0.5, 100.0, "GHz")
_URBAN_UT = Range(1.5, 22.5, "m")


def _inf(code: Environment, name: str, top_m: float) -> EnvironmentRow:
    return EnvironmentRow(
        code,
        name,
        True,
        Range(0.5, top_m, "m"),
        Range(0.5, top_m, "m"),
        Range(1.0, 600.0, "m"),
        _FREQ,
        0.0,
        (10, 10, 10),
    )


_ROWS = (
    EnvironmentRow(
        Environment.RMA, "rma", False, Range(10, 150, "m"), Range(1, 10, "m"), Range(10, 10_000, "m"),
        Range(0.5, 30.0, "GHz"), 8.0, (37.0, 120.0, 120.0),
    ),
    EnvironmentRow(
        Environment.UMA, "uma", False, Range(13, 100, "m"), _URBAN_UT, Range(10, 5_000, "m"), _FREQ, 7.0,
        (37.0, 50.0, 7.0),
    ),
    EnvironmentRow(
        Environment.UMI, "umi", False, Range(2, 25, "m"), _URBAN_UT, Range(10, 5_000, "m"), _FREQ, 7.0,
        (10.0, 13.0, 7.0),
    ),
    EnvironmentRow(
        Environment.INH_OPEN, "inh-open", True, Range(1, 10, "m"), Range(0.5, 10, "m"), Range(0, 150, "m"), _FREQ, 0.0,
        (10.0, 6.0, 6.0),
    ),
    EnvironmentRow(
        Environment.INH_MIXED, "inh-mixed", True, Range(1, 10, "m"), Range(0.5, 10, "m"), Range(0, 150, "m"), _FREQ,
        0.0, (10.0, 6.0, 6.0),
    ),
    _inf(Environment.INF_SL, "inf-sl", 25.0),
    _inf(Environment.INF_DL, "inf-dl", 25.0),
    _inf(Environment.INF_SH, "inf-sh", 25.0),
    _inf(Environment.INF_DH, "inf-dh", 25.0),
    _inf(Environment.INF_HH, "inf-hh", 25.0),
    EnvironmentRow(
        Environment.SMA, "sma", False, Range(10, 150, "m"), Range(1, 10, "m"), Range(10, 5_000, "m"),
        Range(0.5, 37.0, "GHz"), 8.0, (37.0, 120.0, 120.0),
    ),
    EnvironmentRow(
        Environment.SUBTHZ_UMI, "subthz-umi", False, Range(2, 25, "m"), _URBAN_UT, Range(1, 1_000, "m"),
        Range(100.0, 325.0, "GHz"), 8.2, (10.0, 13.0, 13.0),
    ),
)  # fmt: skip

ENVIRONMENTS: dict[Environment, EnvironmentRow] = {row.code: row for row in _ROWS}
_BY_NAME = {row.name: row.code for row in _ROWS} | {"inh": Environment.INH_OPEN}
_VERSIONS = {"V14.0": Version.V14_0, "V16.1": Version.V16_1, "V19.2": Version.V19_2}


def environment(name: str | int | Environment) -> Environment:
    """The environment of that name (``"uma"``) or code.

    >>> environment("umi")
    <Environment.UMI: 2>
    """
    if isinstance(name, str):
        if name.lower() not in _BY_NAME:
            raise ArgumentError(f"environment {name!r} is not known; known: {', '.join(_BY_NAME)}")
        return _BY_NAME[name.lower()]
    return Environment(name)


def version(name: str | int | Version) -> Version:
    """The parameter version of that name (``"V16.1"``, ``"V19.2"``, or ``"V14.0"`` for TR 38.900)."""
    if isinstance(name, str):
        if name.upper() not in _VERSIONS:
            raise ArgumentError(f"TR 38.901 version {name!r} is not known; known: {', '.join(_VERSIONS)}")
        return _VERSIONS[name.upper()]
    return Version(name)
