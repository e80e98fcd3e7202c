"""GPU pools, fibres, the traffic that is protected, and energy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from silla.scenario.demand import Hours
from silla.scenario.fields import REQUIRED, Part, choice, listing, quantity, reference, text

__all__ = ["Classical", "Energy", "Fibre", "Pool", "Rekey", "Security", "Serve"]


class Serve(Part):
    """A language model served from a pool, and the requests for it."""

    model: str = reference(REQUIRED, to="models", description="Model of the catalogue.")
    requests_per_s: float = quantity(
        REQUIRED, unit="1/s", ge=0, le=1e6, description="Requests in the profile's busiest hour."
    )
    prompt_tokens: float = quantity(
        1155.0,
        unit="1",
        ge=1,
        le=1e6,
        description="Mean prompt length.",
        source="Azure LLM inference trace 2023, conversation",
    )
    output_tokens: float = quantity(
        211.0,
        unit="1",
        ge=1,
        le=1e6,
        description="Mean generated length.",
        source="Azure LLM inference trace 2023, conversation",
    )
    profile: str = reference("flat", to="profile", description="How requests follow the hours.")


class Pool(Part):
    """GPUs at a site or node that carry the radio's baseband, language models, or both."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    at: str = reference(REQUIRED, to="place", description="Site or node where the pool stands.")
    gpu: str = reference(REQUIRED, to="gpus", description="GPU of the catalogue.")
    count: int = quantity(1, unit="1", ge=1, le=100_000, description="Number of GPUs.")
    sharing: Literal["shared", "dedicated"] = choice(
        "shared", description="One pool for RAN and AI, or GPUs set apart for each."
    )
    ran_gpus: int = quantity(
        1, unit="1", ge=0, le=100_000, description="GPUs set apart for the RAN when sharing is dedicated."
    )
    ran_sites: tuple[str, ...] | Literal["all", "none"] = Field(
        "all", description="Sites whose baseband runs here.", json_schema_extra={"refers_to": "site"}
    )
    serves: tuple[Serve, ...] = listing("Language models served here.", max_length=50)
    enabled: bool = Field(default=True, description="Whether the pool exists.")


class Classical(Part):
    """Classical light beside the quantum channel on the same fibre."""

    channels: int = quantity(REQUIRED, unit="1", ge=0, le=1000, description="Number of DWDM channels.")
    power_dbm: float = quantity(-3.0, unit="dBm", ge=-60, le=30, description="Launch power of each channel.")
    wavelength_nm: float = quantity(
        1550.0,
        unit="nm",
        ge=1260,
        le=1625,
        description="Middle of the channels; one on the quantum wavelength is left out.",
    )
    spacing_ghz: float = quantity(
        100.0, unit="GHz", gt=0, le=10_000, description="Distance between channels.", source="ITU-T G.694.1"
    )
    direction: Literal["co", "counter", "both"] = choice(
        "both", description="Relative to the quantum channel; both: half each way."
    )


class Fibre(Part):
    """A fibre cable between two sites or nodes."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    name: str = text("", description="Name for people, any script.")
    ends: tuple[str, ...] = Field(
        ...,
        min_length=2,
        max_length=2,
        description="The two sites or nodes that it joins.",
        json_schema_extra={"refers_to": "place"},
    )
    length_km: float = quantity(REQUIRED, unit="km", gt=0, le=2000, description="Length along the cable.")
    type: str = reference("g652d", to="fibres", description="Fibre of the catalogue.")
    attenuation_db_per_km: float | None = quantity(
        None,
        unit="dB/km",
        ge=0.1,
        le=10,
        description="Loss at 1550 nm; by default the catalogue's. Other wavelengths follow the usual spectrum.",
        source="ITU-T G.652",
    )
    extra_loss_db: float = quantity(0.0, unit="dB", ge=0, le=60, description="Connectors, splices and filters in all.")
    classical: Classical | None = Field(
        None, description="Classical channels beside the quantum channel; none: a dark fibre."
    )


class Rekey(Part):
    """When a session key is replaced: by volume or by time, whichever comes first."""

    every_gb: float = quantity(
        64.0,
        unit="GB",
        gt=0,
        le=1e6,
        description="Volume under one key.",
        source="NIST SP 800-38D: at most 2^39 - 256 bits (64 GiB) under one key and IV",
    )
    every_s: float = quantity(3600.0, unit="s", gt=0, le=1e8, description="Lifetime of a key.")


class Security(Part):
    """What protects a share of the backhaul traffic of some hubs on the way to another node."""

    id: str = text("", description="Identifier; by default its number.", max_length=80)
    traffic: Literal["backhaul"] = choice("backhaul", description="Which traffic.")
    hubs: tuple[str, ...] | Literal["all"] = Field(
        "all", description="Hubs whose traffic is meant.", json_schema_extra={"refers_to": "node"}
    )
    to: str = reference(REQUIRED, to="place", description="Node where the protection ends.")
    share: float = quantity(1.0, unit="1", gt=0, le=1, description="Share of that traffic.")
    cipher: Literal["aes-256-gcm", "one-time-pad"] = choice(
        "aes-256-gcm", description="Cipher keyed by quantum keys.", source="NIST SP 800-38D; Shannon 1949"
    )
    rekey: Rekey = Field(default_factory=Rekey, description="Key replacement (not for the one-time pad).")
    fallback: Literal["ml-kem-768", "ml-kem-1024", "classical", "none"] = choice(
        "ml-kem-768",
        description="What protects traffic for which no quantum key is left; none: it is not sent.",
        source="NIST FIPS 203",
    )
    priority: int = quantity(0, unit="1", ge=-100, le=100, description="Higher is served with keys first.")


class Energy(Part):
    """Watts behind the relative power units, and what a kilowatt-hour costs the climate."""

    radio_reference_w: float = quantity(
        1284.0,
        unit="W",
        gt=0,
        le=1e5,
        description="Power of one fully loaded cell of the reference configuration (64 TxRU, 55 dBm, 100 MHz).",
        source="operators' test of 2019: loaded three-sector 64T64R site with baseband 3852.5 W",
    )
    site_overhead_w: float = quantity(
        150.0, unit="W", ge=0, le=1e5, description="Rectifiers, transport and control of a site.", source="declared"
    )
    pue: float = quantity(
        1.4, unit="1", ge=1, le=5, description="Cooling and power conversion factor of GPU pools.", source="declared"
    )
    carbon_g_per_kwh: Annotated[float, Field(ge=0, le=2000)] | Hours = Field(
        default=415.0,
        description="Grid carbon intensity: one number, or 24 by the hour.",
        json_schema_extra={
            "unit": "g/kWh",
            "source": "declared: Korea's grid, order of magnitude of the national factor",
        },
    )
