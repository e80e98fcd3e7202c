"""Links that a run simulates bit by bit beside its network: block error curves, and links of 1 Tbit/s."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from silla.scenario.fields import REQUIRED, Part, choice, quantity, text

__all__ = ["Link", "PdschLink", "PuschLink", "TbpsLink"]


class _SharedChannelLink(Part):
    """What links of either direction have: channel, allocation, receiver, and how many slots are simulated."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    title: str = text("", description="Title in the report; by default what the link is.", max_length=120)
    channel: str = text("tdl-a", description="awgn, rayleigh, rician, tdl-a to tdl-e, cdl-a to cdl-e.", max_length=20)
    delay_spread_ns: float = quantity(100.0, unit="ns", ge=0, le=10_000, description="Rms delay spread.")
    speed_km_per_h: float = quantity(3.0, unit="km/h", ge=0, le=1500, description="Speed of the terminal.")
    doppler_hz: float | None = quantity(
        None, unit="Hz", ge=0, le=1e6, description="Maximum Doppler shift, in place of the speed."
    )
    k_factor_db: float | None = quantity(
        None, unit="dB", ge=-40, le=60, description="Of rician (by default 9), or to change that of profiles D and E."
    )
    carrier_ghz: float = quantity(3.5, unit="GHz", ge=0.1, le=330, description="Carrier frequency.")
    prb: int = quantity(24, unit="1", ge=1, le=275, description="Resource blocks.")
    scs_khz: Literal[15, 30, 60, 120, 240, 480, 960] = choice(30, description="Subcarrier spacing.")
    mcs_table: Literal["qam64", "qam64-low", "qam256", "qam1024", "qam4096"] = choice("qam64", description="MCS table.")
    mcs: int = quantity(10, unit="1", ge=0, le=31, description="Index in the MCS table.")
    rx: int = quantity(4, unit="1", ge=1, le=64, description="Receive antennas.")
    dmrs_positions: int = quantity(
        1, unit="1", ge=0, le=3, description="Additional DM-RS symbols.", source="TS 38.211 Table 6.4.1.1.3-3"
    )
    estimation: Literal["ls", "lmmse", "perfect"] = choice("lmmse", description="Channel estimation.")
    receiver: Literal["lmmse", "lmmse-irc", "zero-forcing", "mrc", "k-best", "ep", "genie"] = choice(
        "lmmse", description="Detector."
    )
    sir_db: float | None = quantity(
        None, unit="dB", ge=-60, le=60, description="Signal over an interferer; none by default."
    )
    transmissions: int = quantity(1, unit="1", ge=1, le=4, description="HARQ transmissions at most.")
    iterations: int = quantity(10, unit="1", ge=1, le=200, description="Iterations of the decoder at most.")
    snr_db: tuple[float, ...] = Field(
        default=(0.0, 2.0, 4.0, 6.0, 8.0),
        min_length=1,
        max_length=50,
        description="Ratios at which slots are simulated.",
        json_schema_extra={"unit": "dB"},
    )
    slots: int = quantity(200, unit="1", ge=1, le=100_000, description="Slots at each ratio; at most, with `errors`.")
    errors: int | None = quantity(
        None, unit="1", ge=1, le=1_000_000, description="Lost blocks after which a ratio stops; by default all slots."
    )
    bound: float | None = quantity(
        None, unit="1", gt=0, lt=1, description="A ratio stops once its error rate is below this with 97.5 %."
    )
    target: float = quantity(0.1, unit="1", gt=0, lt=1, description="Block error rate whose SNR the report gives.")
    enabled: bool = Field(default=True, description="Whether it is simulated.")

    @field_validator("snr_db")
    @classmethod
    def _ratios(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        far = [x for x in value if not -60.0 <= x <= 100.0]
        if far:
            raise ValueError(f"{far[0]:g} dB is not between -60 and 100 dB")
        if len(set(value)) < len(value):
            raise ValueError("a ratio is there twice")
        return value


class PuschLink(_SharedChannelLink):
    """A block error curve of one uplink user, as `silla link` simulates it."""

    kind: Literal["pusch"] = choice(REQUIRED, description="Physical uplink shared channel.")
    layers: int = quantity(1, unit="1", ge=1, le=4, description="Spatial layers.", source="TS 38.211 clause 6.3.1.3")


class PdschLink(_SharedChannelLink):
    """A block error curve of one downlink user, as `silla link --direction downlink` simulates it."""

    kind: Literal["pdsch"] = choice(REQUIRED, description="Physical downlink shared channel.")
    layers: int = quantity(
        1,
        unit="1",
        ge=1,
        le=8,
        description="Spatial layers; above 4 in two code words.",
        source="TS 38.211 clause 7.3.1.3",
    )


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


Link = Annotated[PuschLink | PdschLink | TbpsLink, Field(discriminator="kind")]
