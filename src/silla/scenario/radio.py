"""Carriers, sites, cells, generated layouts and the propagation environment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, choice, listing, quantity, reference, text
from silla.scenario.places import Place

__all__ = [
    "Carrier",
    "Cell",
    "Environment",
    "HexLayout",
    "IndoorLayout",
    "Layout",
    "MadridGridLayout",
    "Site",
    "Weather",
]

Propagation = Literal["uma", "umi", "rma", "inh-open", "inh-mixed", "inf-sl", "inf-dl", "inf-sh", "inf-dh", "inf-hh"]
SleepPolicy = Literal["none", "micro", "light", "deep"]


class Weather(Part):
    """The air that waves pass through; it matters above about 10 GHz."""

    rain_mm_per_h: float = quantity(0.0, unit="mm/h", ge=0, le=300, description="Rain rate.", source="ITU-R P.838-3")
    temperature_c: float = quantity(
        15.0, unit="degC", ge=-60, le=60, description="Air temperature.", source="ITU-R P.835-6"
    )
    pressure_hpa: float = quantity(
        1013.25, unit="hPa", ge=300, le=1100, description="Air pressure (dry plus vapour).", source="ITU-R P.835-6"
    )
    water_vapour_g_per_m3: float = quantity(
        7.5, unit="g/m3", ge=0, le=60, description="Water-vapour density.", source="ITU-R P.835-6 mean annual global"
    )


class Environment(Part):
    """How radio waves travel, where the scenario does not say it by buildings."""

    propagation: Propagation = choice(
        "uma", description="Propagation model of sites that name none.", source="3GPP TR 38.901 Table 7.4.1-1"
    )
    parameters: Literal["V16.1", "V19.2"] = choice(
        "V19.2", description="Version of TR 38.901 whose parameters are used."
    )
    los: Literal["auto", "probability", "buildings"] = choice(
        "auto",
        description="Line of sight by probability or by the buildings given; auto: buildings where there are any.",
    )
    shadowing: Literal["correlated", "independent"] = choice(
        "correlated",
        description="Shadow fading correlated between nearby users, or drawn independently for each.",
        source="3GPP TR 38.901 clause 7.4.4, Table 7.5-6",
    )
    low_loss_fraction: float = quantity(
        0.8,
        unit="1",
        ge=0,
        le=1,
        description="Share of buildings with the low-loss penetration model.",
        source="TR 38.901 Table 7.4.3-2; share declared",
    )
    weather: Weather = Field(default_factory=Weather, description="Air and rain.")


class Carrier(Part):
    """A block of spectrum and how it is used."""

    frequency_ghz: float = quantity(REQUIRED, unit="GHz", ge=0.5, le=325, description="Centre frequency.")
    bandwidth_mhz: float = quantity(
        REQUIRED,
        unit="MHz",
        ge=1,
        le=40_000,
        description="Bandwidth, both directions of a TDD carrier or each of an FDD pair.",
    )
    scs_khz: Literal[15, 30, 60, 120, 240, 480, 960, 1920, 3840] = choice(
        30, description="Subcarrier spacing; above 960 kHz beyond today's NR.", source="3GPP TS 38.211 Table 4.2-1"
    )
    duplex: Literal["tdd", "fdd"] = choice("tdd", description="Time or frequency division duplex.")
    downlink_fraction: float = quantity(
        0.75, unit="1", gt=0, lt=1, description="Share of time for downlink (TDD only)."
    )
    layers: int = quantity(
        2, unit="1", ge=1, le=16, description="Most spatial layers to one user; two is one dual-polarised beam."
    )
    modulation: Literal["qam64", "qam256", "qam1024", "qam4096"] = choice(
        "qam256",
        description="MCS table by its highest modulation; qam4096 extends the standard's.",
        source="3GPP TS 38.214 clause 5.1.3.1",
    )
    rate_model: Literal["link", "shannon"] = choice(
        "link",
        description="SINR that each MCS needs: from link-level curves, or Shannon's bound.",
        source="silla link table: TS 38.212 coding on AWGN at 10 % block errors",
    )
    implementation_loss_db: float = quantity(
        1.0,
        unit="dB",
        ge=0,
        le=10,
        description="Added to the SINR that each MCS needs: channel estimation, fading, hardware; with rate_model "
        "shannon also code and decoder.",
        source="declared: LMMSE channel estimation costs some 0.3 to 1 dB",
    )
    overhead: float = quantity(
        0.14,
        unit="1",
        ge=0,
        lt=0.9,
        description="Share of resource elements for control and reference signals.",
        source="3GPP TS 38.306 clause 4.1.2",
    )
    ue_noise_figure_db: float = quantity(
        9.0,
        unit="dB",
        ge=0,
        le=30,
        description="Noise figure of the users' receivers.",
        source="3GPP TR 38.901 Table 7.8-1",
    )
    bs_noise_figure_db: float = quantity(
        5.0,
        unit="dB",
        ge=0,
        le=30,
        description="Noise figure of the cells' receivers.",
        source="3GPP TR 36.873 Table 8.2-1",
    )
    ue_power_dbm: float = quantity(
        23.0,
        unit="dBm",
        ge=-10,
        le=43,
        description="Highest transmit power of a user.",
        source="3GPP TS 38.101-1 power class 3",
    )
    ue_antenna: str = reference("isotropic", to="antennas", description="The users' antenna.")
    uplink_p0_dbm: float = quantity(
        -80.0,
        unit="dBm",
        ge=-202,
        le=24,
        description="Uplink target power per resource block.",
        source="3GPP TS 38.213 clause 7.1.1",
    )
    uplink_alpha: float = quantity(
        0.8,
        unit="1",
        ge=0,
        le=1,
        description="Fractional path-loss compensation.",
        source="3GPP TS 38.213 clause 7.1.1",
    )
    sleep: SleepPolicy = choice(
        "micro", description="Deepest sleep of its cells between transmissions.", source="3GPP TR 38.864 Table 5.1-3"
    )
    receiver: str = reference("lmmse", to="receivers", description="Receiver of the cells (uplink).")
    enabled: bool = Field(default=True, description="Cells on a carrier that is not enabled do not exist.")


class Cell(Part):
    """One sector of a site on one carrier."""

    id: str = text("", description="Identifier; by default site/carrier/number.", max_length=120)
    carrier: str = reference(REQUIRED, to="carrier", description="The carrier that it transmits.")
    azimuth_deg: float = quantity(0.0, unit="deg", ge=-360, le=360, description="Boresight, clockwise from north.")
    downtilt_deg: float = quantity(
        0.0, unit="deg", ge=-90, le=90, description="Mechanical downtilt; 90 looks straight down."
    )
    tx_power_dbm: float = quantity(46.0, unit="dBm", ge=-30, le=70, description="Total transmit power at full load.")
    antenna: str = reference("3gpp-8x8", to="antennas", description="Antenna or panel.")
    sleep: SleepPolicy | None = choice(None, description="Deepest sleep between transmissions, if not the carrier's.")
    power_set: Literal["auto", "cat1-set1", "cat1-set2", "cat1-set3", "cat2-set1", "cat2-set2", "cat2-set3"] = choice(
        "auto",
        description="Power model; auto: category 1, set 1 below 7.125 GHz TDD, set 2 FDD, set 3 above.",
        source="3GPP TR 38.864 Table 5.1-3",
    )
    enabled: bool = Field(default=True, description="Whether the cell is switched on.")


class Site(Place):
    """A mast, roof, wall or ceiling with cells on it."""

    id: str = text(REQUIRED, description="Identifier, unique among sites and nodes.", min_length=1, max_length=80)
    name: str = text("", description="Name for people, any script.")
    height_m: float = quantity(25.0, unit="m", gt=0, le=500, description="Antenna height above ground.")
    propagation: Propagation | None = choice(
        None, description="Propagation model of this site, if not the environment's."
    )
    hub: str | None = reference(
        None, to="node", description="Node where its backhaul ends; by default the nearest node."
    )
    cells: tuple[Cell, ...] = listing("Cells of the site.", max_length=100)


class HexLayout(Part):
    """Hexagonal grid of three-sector sites, as in the 3GPP evaluations."""

    kind: Literal["hex"] = choice(REQUIRED, description="Hexagonal grid.")
    rings: int = quantity(2, unit="1", ge=0, le=6, description="Rings around the centre: 1 gives 7 sites, 2 gives 19.")
    isd_m: float = quantity(
        500.0,
        unit="m",
        gt=1,
        le=50_000,
        description="Distance between neighbouring sites.",
        source="3GPP TR 38.901 Table 7.2-1",
    )
    height_m: float = quantity(
        25.0, unit="m", gt=0, le=500, description="Antenna height.", source="3GPP TR 38.901 Table 7.2-1"
    )
    wrap_around: bool = Field(default=True, description="Repeat the grid without edges.")
    sector_azimuths_deg: tuple[float, ...] = Field(
        default=(30.0, 150.0, 270.0),
        min_length=1,
        max_length=12,
        description="Boresights of a site's sectors.",
        json_schema_extra={"unit": "deg"},
    )
    cells: tuple[Cell, ...] = listing("One cell a carrier, repeated in every sector.", max_length=20)


class IndoorLayout(Part):
    """The indoor hotspot of the 3GPP evaluations: a hall with ceiling cells in two rows."""

    kind: Literal["indoor"] = choice(REQUIRED, description="Indoor hotspot.")
    width_m: float = quantity(
        120.0, unit="m", gt=5, le=1000, description="Length of the hall.", source="3GPP TR 38.901 Table 7.2-2"
    )
    depth_m: float = quantity(
        50.0, unit="m", gt=5, le=1000, description="Depth of the hall.", source="3GPP TR 38.901 Table 7.2-2"
    )
    isd_m: float = quantity(
        20.0, unit="m", gt=1, le=200, description="Distance between ceiling cells.", source="3GPP TR 38.901 Table 7.2-2"
    )
    height_m: float = quantity(
        3.0, unit="m", gt=1, le=30, description="Ceiling height.", source="3GPP TR 38.901 Table 7.2-2"
    )
    cells: tuple[Cell, ...] = listing("Cells of every ceiling point.", max_length=20)


class MadridGridLayout(Part):
    """A generated street grid with buildings, after the Madrid grid of METIS."""

    kind: Literal["madrid-grid"] = choice(REQUIRED, description="Street grid with buildings.")
    blocks_east: int = quantity(3, unit="1", ge=1, le=20, description="Repetitions eastwards.")
    blocks_north: int = quantity(3, unit="1", ge=1, le=20, description="Repetitions northwards.")
    macro_height_m: float = quantity(
        52.5, unit="m", gt=0, le=200, description="Height of the macro sites on roofs.", source="METIS D6.1 table 3-3"
    )
    micro_height_m: float = quantity(
        10.0,
        unit="m",
        gt=0,
        le=100,
        description="Height of the micro sites on lamp posts.",
        source="METIS D6.1 table 3-3",
    )
    macro_cells: tuple[Cell, ...] = listing("Cells of every macro sector.", max_length=20)
    micro_cells: tuple[Cell, ...] = listing("Cells of every micro site direction.", max_length=20)


Layout = Annotated[HexLayout | IndoorLayout | MadridGridLayout, Field(discriminator="kind")]
