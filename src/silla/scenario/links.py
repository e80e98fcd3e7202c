"""Links that a run simulates bit by bit beside its network: block error curves, and links of 1 Tbit/s."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, choice, quantity, text

__all__ = ["Link", "PuschLink", "TbpsLink"]


class PuschLink(Part):
    """A block error curve of one uplink user, as `silla link` simulates it."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    kind: Literal["pusch"] = choice(REQUIRED, description="Physical uplink shared channel.")
    channel: str = text("tdl-a", description="awgn, rayleigh, rician, tdl-a to tdl-e, cdl-a to cdl-e.", max_length=20)
    delay_spread_ns: float = quantity(100.0, unit="ns", ge=0, le=10_000, description="Rms delay spread.")
    speed_km_per_h: float = quantity(3.0, unit="km/h", ge=0, le=1500, description="Speed of the terminal.")
    carrier_ghz: float = quantity(3.5, unit="GHz", ge=0.1, le=330, description="Carrier frequency.")
    prb: int = quantity(24, unit="1", ge=1, le=275, description="Resource blocks.")
    scs_khz: Literal[15, 30, 60, 120, 240, 480, 960] = choice(30, description="Subcarrier spacing.")
    mcs_table: Literal["qam64", "qam64-low", "qam256", "qam1024", "qam4096"] = choice("qam64", description="MCS table.")
    mcs: int = quantity(10, unit="1", ge=0, le=31, description="Index in the MCS table.")
    layers: int = quantity(1, unit="1", ge=1, le=4, description="Spatial layers.")
    rx: int = quantity(4, unit="1", ge=1, le=64, description="Receive antennas.")
    estimation: Literal["ls", "lmmse", "perfect"] = choice("lmmse", description="Channel estimation.")
    receiver: Literal["lmmse", "lmmse-irc", "zero-forcing", "mrc", "k-best", "ep", "genie"] = choice(
        "lmmse", description="Detector."
    )
    snr_db: tuple[float, ...] = Field(
        default=(0.0, 2.0, 4.0, 6.0, 8.0),
        min_length=1,
        max_length=50,
        description="Ratios at which slots are simulated.",
        json_schema_extra={"unit": "dB"},
    )
    slots: int = quantity(200, unit="1", ge=1, le=100_000, description="Slots at each ratio.")
    enabled: bool = Field(default=True, description="Whether it is simulated.")


class TbpsLink(Part):
    """A wideband link above 100 GHz, as `silla link tbps` simulates it."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    kind: Literal["tbps"] = choice(REQUIRED, description="Link of 1 Tbit/s.")
    preset: Literal["dband", "sub-thz-300", "nr-100mhz"] = choice("dband", description="Band and radios.")
    distance_m: float | None = quantity(
        None, unit="m", gt=0, le=10_000, description="Between the panels; by default the preset's."
    )
    rain_mm_per_h: float = quantity(0.0, unit="mm/h", ge=0, le=300, description="Rain rate.", source="ITU-R P.838-3")
    slots: int = quantity(4, unit="1", ge=1, le=10_000, description="Slots of about 1 us.")
    enabled: bool = Field(default=True, description="Whether it is simulated.")


Link = Annotated[PuschLink | TbpsLink, Field(discriminator="kind")]
