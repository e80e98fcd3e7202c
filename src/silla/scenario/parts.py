"""What an entry of the catalogue says: one model per section, each value with its unit, each entry with its source."""

from __future__ import annotations

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, quantity, text

__all__ = [
    "SECTIONS",
    "Antenna",
    "CataloguePart",
    "Detector",
    "FibreType",
    "Gpu",
    "LanguageModel",
    "Receiver",
    "Source",
]


class Source(Part):
    """A published source of an entry's values."""

    key: str = text(REQUIRED, description="Short key, used in reports.", min_length=1, max_length=40)
    url: str = text("", description="DOI or address.", max_length=300)
    text: str = text(REQUIRED, description="The full reference.", min_length=1)


class CataloguePart(Part):
    """Base of every entry."""

    title: str = text("", description="Name for people.")
    sources: tuple[Source, ...] = Field((), description="Where the values come from.", max_length=10)
    note: str = text(
        "", description="Conditions, limits, and which values are declared and not published.", max_length=2000
    )


class Antenna(CataloguePart):
    """A panel of equal elements, or an isotropic antenna (3GPP TR 38.901 clause 7.3)."""

    isotropic: bool = Field(
        default=False, description="0 dBi in every direction; the element's values then mean nothing."
    )
    rows: int = quantity(1, unit="1", ge=1, le=256, description="Elements of one polarisation, vertically (M).")
    columns: int = quantity(1, unit="1", ge=1, le=256, description="Elements of one polarisation, horizontally (N).")
    row_spacing_wavelengths: float = quantity(0.5, unit="wavelength", gt=0, le=4, description="Vertical spacing (d_V).")
    column_spacing_wavelengths: float = quantity(
        0.5, unit="wavelength", gt=0, le=4, description="Horizontal spacing (d_H)."
    )
    polarisations: int = quantity(2, unit="1", ge=1, le=2, description="Polarisations (P).")
    txru: int = quantity(2, unit="1", ge=1, le=4096, description="Transceiver units; sets the power of the baseband.")
    beams: bool = Field(default=True, description="Steers a grid of DFT beams; false: one fixed beam.")
    element_gain_dbi: float = quantity(8.0, unit="dBi", ge=-10, le=40, description="Peak gain of an element.")
    beamwidth_zenith_deg: float = quantity(
        65.0, unit="deg", gt=0, le=360, description="Vertical 3 dB beamwidth of an element."
    )
    beamwidth_azimuth_deg: float = quantity(
        65.0, unit="deg", gt=0, le=360, description="Horizontal 3 dB beamwidth of an element."
    )
    max_attenuation_db: float = quantity(
        30.0, unit="dB", gt=0, le=60, description="Largest attenuation of an element (A_max, SLA_V)."
    )
    electrical_tilt_deg: float = quantity(
        90.0, unit="deg", ge=0, le=180, description="Zenith angle of a fixed beam; 90 is the horizon, 102 is 12 below."
    )


class FibreType(CataloguePart):
    """A kind of fibre."""

    attenuation_db_per_km: float = quantity(
        REQUIRED, unit="dB/km", ge=0.01, le=10, description="Loss at 1550 nm of installed cable, splices left out."
    )
    attenuation_1310_db_per_km: float | None = quantity(
        None, unit="dB/km", ge=0.01, le=10, description="Loss at 1310 nm; none: not to be used there."
    )
    raman_per_km_nm: float = quantity(
        3e-9, unit="1/(km nm)", ge=0, le=1e-6, description="Spontaneous Raman coefficient near 1550 nm."
    )
    group_index: float = quantity(1.468, unit="1", ge=1, le=3, description="Group index, for the light's delay.")


class Detector(CataloguePart):
    """A single-photon detector at 1550 nm."""

    efficiency: float = quantity(REQUIRED, unit="1", gt=0, le=1, description="Detection efficiency.")
    dark_counts_per_s: float = quantity(
        REQUIRED, unit="1/s", ge=0, le=1e7, description="Dark counts of one detector; counted within the gate."
    )
    dark_per_gate: float | None = quantity(
        None, unit="1", ge=0, le=0.1, description="Background clicks of one detector per gate, where published so."
    )
    afterpulse: float = quantity(0.0, unit="1", ge=0, lt=1, description="Afterpulses per click.")
    dead_time_ns: float = quantity(0.0, unit="ns", ge=0, le=1e9, description="Dead time after a click.")
    jitter_ps: float = quantity(
        100.0, unit="ps", ge=0, le=10_000, description="Timing jitter, full width at half maximum."
    )
    max_counts_per_s: float | None = quantity(None, unit="1/s", gt=0, le=1e12, description="Highest count rate.")
    temperature_k: float | None = quantity(None, unit="K", gt=0, le=400, description="Operating temperature.")


class Gpu(CataloguePart):
    """A graphics processor that carries basebands and language models."""

    peak_flop_per_s: float = quantity(
        REQUIRED, unit="FLOP/s", gt=0, le=1e18, description="Dense 16-bit tensor peak, no sparsity."
    )
    bandwidth_byte_per_s: float = quantity(REQUIRED, unit="byte/s", gt=0, le=1e15, description="Memory bandwidth.")
    memory_byte: float = quantity(REQUIRED, unit="byte", gt=0, le=1e14, description="Memory.")
    tdp_w: float = quantity(REQUIRED, unit="W", gt=0, le=10_000, description="Highest board power.")
    idle_w: float = quantity(REQUIRED, unit="W", ge=0, le=5000, description="Board power when idle.")
    mfu_prefill: float = quantity(0.45, unit="1", gt=0, le=1, description="Share of the peak reached in prefill.")
    mfu_decode: float = quantity(0.30, unit="1", gt=0, le=1, description="Share of the peak reached in decoding.")
    peak_cells: float = quantity(
        4.0, unit="1", gt=0, le=10_000, description="Fully loaded 4T4R 100 MHz cells whose layer 1 fills it."
    )


class LanguageModel(CataloguePart):
    """A dense decoder-only transformer."""

    n_parameters: float = quantity(REQUIRED, unit="1", gt=0, le=1e14, description="Weights.")
    n_layers: int = quantity(REQUIRED, unit="1", ge=1, le=1000, description="Layers.")
    n_kv_heads: int = quantity(REQUIRED, unit="1", ge=1, le=1024, description="Key-value heads.")
    head_dim: int = quantity(REQUIRED, unit="1", ge=1, le=4096, description="Width of a head.")
    hidden: int = quantity(REQUIRED, unit="1", ge=1, le=1_000_000, description="Width of the model.")
    context_tokens: int = quantity(REQUIRED, unit="1", ge=1, le=100_000_000, description="Longest context.")
    byte_per_parameter: float = quantity(2.0, unit="byte", gt=0, le=8, description="2 for 16-bit weights, 1 for 8-bit.")
    byte_per_kv: float = quantity(2.0, unit="byte", gt=0, le=8, description="Bytes of one key or value element.")


class Receiver(CataloguePart):
    """An uplink receiver, by its gain over least-squares channel estimation with LMMSE detection."""

    gain_db: float = quantity(
        REQUIRED, unit="dB", ge=-20, le=20, description="Lower Eb/N0 at 10 % BLER than LS + LMMSE, one user."
    )
    gain_two_users_db: float | None = quantity(
        None, unit="dB", ge=-20, le=20, description="The same with two users on the same resources."
    )
    neural: bool = Field(default=False, description="Runs on a GPU.")
    conditions: str = text(
        "", description="Conditions of the measurement; outside them the gain is a guess.", max_length=1000
    )


SECTIONS: dict[str, type[CataloguePart]] = {
    "antennas": Antenna,
    "fibres": FibreType,
    "detectors": Detector,
    "gpus": Gpu,
    "models": LanguageModel,
    "receivers": Receiver,
}
