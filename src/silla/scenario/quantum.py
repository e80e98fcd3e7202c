"""Quantum links over fibre, through the air and to satellites, chains of repeaters, and the messages over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from silla.scenario.fields import REQUIRED, Part, choice, listing, quantity, reference, text

__all__ = [
    "AirLink",
    "DirectLink",
    "Downlink",
    "Homodyne",
    "KeyLink",
    "KeyStore",
    "Memory",
    "Message",
    "Quantum",
    "Repeater",
    "Satellite",
    "Sky",
    "chain_ends",
]


class _QuantumLink(Part):
    id: str = text("", description="Identifier; by default the fibre's.", max_length=80)
    fibre: str = reference(REQUIRED, to="fibre", description="The fibre that it uses.")
    wavelength_nm: float = quantity(
        1550.12, unit="nm", ge=1260, le=1625, description="Wavelength of the quantum channel.", source="ITU-T G.694.1"
    )
    filter_nm: float = quantity(0.1, unit="nm", gt=0, le=20, description="Width of the receiver's optical filter.")
    pulse_rate_mhz: float = quantity(1250.0, unit="MHz", gt=0, le=100_000, description="Pulses sent.")
    detector: str = reference("snspd", to="detectors", description="Detector of the catalogue.")
    receiver_loss_db: float = quantity(3.0, unit="dB", ge=0, le=40, description="Optical loss inside the receiver.")
    misalignment: float = quantity(
        0.01, unit="1", ge=0, lt=0.5, description="Share of signal photons in the wrong detector."
    )
    gate_ns: float = quantity(0.2, unit="ns", gt=0, le=100, description="Detection window of one pulse.")
    watchdog: bool = Field(
        default=True,
        description="Watches for bright and out-of-band light, which blinds detectors or, on direct links, reads the "
        "encoder.",
    )
    equipment_w: float = quantity(
        300.0,
        unit="W",
        ge=0,
        le=50_000,
        description="Electrical power of both ends.",
        source="declared: two rack units a side; cryostats more",
    )
    enabled: bool = Field(default=True, description="Whether the link exists.")


class KeyStore(Part):
    """Where keys of a link are kept until traffic asks for them."""

    stock_mbit: float = quantity(100.0, unit="Mbit", gt=0, le=1e9, description="Most key bits that each end keeps.")
    initial_fraction: float = quantity(0.5, unit="1", ge=0, le=1, description="How full the stock is at the start.")


class Homodyne(Part):
    """Receiver and error correction of continuous variables (protocol cv-qkd)."""

    detection: Literal["homodyne", "heterodyne"] = choice("homodyne", description="One quadrature or both.")
    efficiency: float = quantity(0.6, unit="1", ge=0.01, le=1, description="Of the trusted detector.")
    electronic_noise: float = quantity(0.01, unit="1", ge=0, le=10, description="Of the detector, shot-noise units.")
    excess_noise: float = quantity(
        0.01, unit="1", ge=0, le=1, description="Of transmitter and line at the input, shot-noise units, without Raman."
    )
    reconciliation: float = quantity(
        0.95, unit="1", gt=0, le=1, description="Share of the mutual information that error correction keeps."
    )


class KeyLink(_QuantumLink, KeyStore):
    """Quantum key distribution over one fibre."""

    protocol: Literal["decoy-bb84", "six-state", "bbm92", "mdi", "tf", "sns", "cv-qkd"] = choice(
        "decoy-bb84",
        description="Protocol. mdi, tf and sns measure, and bbm92 makes its pairs, in the middle of the fibre. "
        "decoy-bb84 and cv-qkd count finite statistics; the others are asymptotic.",
        source="decoy-bb84: Lim et al., PRA 89 022307 (2014), Rusca et al., APL 112 171104 (2018); others: their cards",
    )
    decoys: Literal[1, 2] = choice(2, description="Decoy intensities of decoy-bb84 beside the signal's.")
    signal_intensity: float | None = quantity(
        None, unit="1", ge=0.01, le=1, description="Mean photons of a signal pulse or pair; none: the best."
    )
    error_correction: Literal["cascade", "ldpc", "assumed"] = choice(
        "cascade",
        description="Cascade or LDPC codes, which leak and take as long as was measured of silla's own, or an "
        "efficiency that is assumed. cv-qkd has its own, `homodyne.reconciliation`.",
        source="`silla models`: quantum.distillation.cascade, quantum.distillation.ldpc",
    )
    error_correction_efficiency: float | None = quantity(
        None,
        unit="1",
        ge=1,
        le=3,
        description="Leaked bits over the Shannon limit, of error correction that is assumed; none: 1.16.",
        source="Lim et al. 2014",
    )
    reconciliation_cores: int = quantity(
        4,
        unit="1",
        ge=1,
        le=1024,
        description="Processor cores that correct errors; above what they do, sifted bits are thrown away.",
        source="declared: a small server at either end",
    )
    block_bits: float = quantity(1e7, unit="bit", ge=1e4, le=1e12, description="Sifted bits distilled at a time.")
    security_epsilon: float = quantity(
        1e-9, unit="1", gt=0, le=1e-3, description="Secrecy parameter of a distilled block.", source="Lim et al. 2014"
    )
    isolation_db: float | None = quantity(
        None,
        unit="dB",
        ge=0,
        le=400,
        description="What the transmitter lets through and back of light shone into it; counted against the key "
        "(decoy-bb84). None: not counted, and a Trojan horse reads the settings.",
        source="Lucamarini et al., PRX 5 031030 (2015): about 170 dB at 1 GHz",
    )
    homodyne: Homodyne = Field(default_factory=Homodyne, description="Receiver of cv-qkd.")


class DirectLink(_QuantumLink):
    """Quantum direct communication over one fibre: the message itself travels in the photons."""

    protocol: Literal["dl04", "hd", "two-step"] = choice(
        "dl04",
        description="Protocol: single qubits there and back; single photons of many time bins; stored pairs.",
        source="Deng and Long, PRA 69 052319 (2004); Ahn et al., Sci. Rep. 14, 888 (2024); Deng, Long and Liu, "
        "PRA 68 042317 (2003)",
    )
    dimension: int | None = quantity(
        None, unit="1", ge=2, le=4096, description="Time bins of a frame of hd; none: the best of the powers of two."
    )
    decoys: Literal[0, 1, 2] = choice(
        2,
        description="Decoy intensities beside the signal's, which tell single photons from several in the check of "
        "dl04 and hd; 0 takes every pulse of several photons for split. two-step sends pairs and needs none.",
    )
    isolation_db: float | None = quantity(
        None,
        unit="dB",
        ge=0,
        le=400,
        description="What the sender's encoder lets through and back of light shone into it; counted against the "
        "message (dl04, hd). None: not counted, and without a watchdog a Trojan horse reads the messages.",
        source="Lucamarini et al., PRX 5 031030 (2015): about 170 dB at 1 GHz",
    )
    block_kbit: float | None = quantity(
        None,
        unit="kbit",
        ge=1,
        le=1_000_000,
        description="Message bits that are coded and checked together, as `silla qdc --send` does: silla's own code, "
        "decoys and finite counts (dl04, hd). None: ideal codes and endless statistics, the secrecy capacity.",
        source="`silla models`: quantum.direct_decoys.leak",
    )
    message_bit_per_s: float = quantity(
        1000.0, unit="bit/s", ge=0, le=1e12, description="Messages offered on this link, beside those of `messages`."
    )


class Memory(Part):
    """Quantum memories and Bell measurements of repeater stations."""

    efficiency: float = quantity(
        0.7, unit="1", gt=0, le=1, description="Writing and reading of one photon.", source="declared"
    )
    lifetime_ms: float = quantity(
        100.0, unit="ms", gt=0, le=1e9, description="Time in which a stored qubit decays to 1/e.", source="declared"
    )
    modes: int = quantity(
        1000, unit="1", ge=1, le=1_000_000, description="Attempts side by side in a round.", source="declared"
    )
    pair_fidelity: float = quantity(
        0.98, unit="1", ge=0.25, le=1, description="Of a pair that was truly heralded.", source="declared"
    )
    swap_success: float = quantity(
        0.9, unit="1", gt=0, le=1, description="Chance of a Bell measurement between two memories.", source="declared"
    )
    swap_fidelity: float = quantity(
        0.99, unit="1", ge=0.25, le=1, description="Of that measurement, as of a Werner pair.", source="declared"
    )
    purify_rounds: int = quantity(0, unit="1", ge=0, le=4, description="Rounds of BBPSSW on the end-to-end pairs.")


class Repeater(KeyStore):
    """A chain of quantum repeaters: pairs between its two ends, for keys or for messages, with no trust in between."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    fibres: tuple[str, ...] = Field(
        ...,
        min_length=1,
        max_length=64,
        description="The fibres of the chain in order; a station stands wherever two of them meet.",
        json_schema_extra={"refers_to": "fibre"},
    )
    makes: Literal["keys", "messages"] = choice("keys", description="What the pairs are used for.")
    attempts_mhz: float = quantity(
        10.0, unit="MHz", gt=0, le=100_000, description="Attempts per second and mode, where the fibres are short."
    )
    memory: Memory = Field(default_factory=Memory, description="Memories and Bell measurements.")
    wavelength_nm: float = quantity(
        1550.12, unit="nm", ge=1260, le=1625, description="Wavelength of the photons.", source="ITU-T G.694.1"
    )
    filter_nm: float = quantity(0.1, unit="nm", gt=0, le=20, description="Width of the stations' optical filters.")
    gate_ns: float = quantity(1.0, unit="ns", gt=0, le=100, description="Detection window of one photon.")
    detector: str = reference("snspd", to="detectors", description="Detector of the catalogue.")
    error_correction_efficiency: float = quantity(
        1.16, unit="1", ge=1, le=3, description="Leaked bits over the Shannon limit."
    )
    equipment_w: float = quantity(
        1500.0,
        unit="W",
        ge=0,
        le=100_000,
        description="Electrical power of one station.",
        source="declared: a cryostat",
    )
    enabled: bool = Field(default=True, description="Whether the chain exists.")


def chain_ends(ends: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
    """The two ends of a chain of fibres given by their own ends, in order; ValueError where they do not join.

    >>> chain_ends([("a", "b"), ("c", "b"), ("c", "d")])
    ('a', 'd')
    """
    first, *rest = ends
    for start, at in (first, first[::-1]):
        seen = [start, at]
        for pair in rest:
            if seen[-1] not in pair:
                break
            seen.append(pair[1] if pair[0] == seen[-1] else pair[0])
        if len(seen) == len(ends) + 1 and len(set(seen)) == len(seen):
            return seen[0], seen[-1]
    raise ValueError("these fibres do not make one open chain")


Sky = Literal["clear", "very-clear", "haze", "light-fog", "fog", "rain", "thin-cloud", "overcast"]


class Satellite(Part):
    """A satellite that shares keys with stations on the ground; it holds keys of both, so it must be trusted."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    name: str = text("", description="Name for people, any script.")
    tle: tuple[str, ...] = Field(
        (), max_length=2, description="The two lines of its elements; without them a made-up sun-synchronous orbit."
    )
    altitude_km: float = quantity(500.0, unit="km", ge=200, le=2000, description="Of the made-up orbit.")
    node_hour: float = quantity(
        23.5, unit="h", ge=0, le=24, description="Local hour of the ascending node of the made-up orbit."
    )
    trusted: bool = Field(default=True, description="May relay keys between stations.")


class Downlink(KeyStore):
    """Quantum keys from a satellite to a station, passage by passage: decoy-state BB84 with finite statistics."""

    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    satellite: str = reference(REQUIRED, to="satellite", description="The satellite.")
    station: str = reference(REQUIRED, to="place", description="Site or node with the telescope.")
    height_m: float = quantity(50.0, unit="m", ge=-400, le=6000, description="Of the telescope above the ellipsoid.")
    min_elevation_deg: float = quantity(20.0, unit="deg", ge=5, le=89, description="Passages that rise above this.")
    weather: Sky = choice("clear", description="Air over the station; events may change it.")
    wavelength_nm: float = quantity(
        848.6, unit="nm", ge=400, le=1625, description="Wavelength.", source="Liao et al., Nature 549, 43 (2017)"
    )
    transmitter_m: float = quantity(0.3, unit="m", gt=0, le=5, description="Diameter of the satellite's telescope.")
    receiver_m: float = quantity(1.0, unit="m", gt=0, le=10, description="Diameter of the station's telescope.")
    divergence_urad: float = quantity(
        7.4,
        unit="urad",
        gt=0,
        le=1000,
        description="Half angle of the beam at 1/e2.",
        source="22 dB from 1200 km into 1 m: Liao et al. 2017",
    )
    jitter_urad: float = quantity(1.0, unit="urad", ge=0, le=1000, description="Pointing jitter in each axis.")
    optics: float = quantity(
        0.32, unit="1", gt=0, le=1, description="Transmittance of both ends, without the detector."
    )
    field_urad: float = quantity(100.0, unit="urad", gt=0, le=10_000, description="Field of view, full angle.")
    filter_nm: float = quantity(1.0, unit="nm", gt=0, le=100, description="Width of the receiver's filter.")
    gate_ns: float = quantity(2.0, unit="ns", gt=0, le=100, description="Kept around each pulse.")
    pulse_rate_mhz: float = quantity(100.0, unit="MHz", gt=0, le=100_000, description="Pulses sent.")
    detector_efficiency: float = quantity(0.5, unit="1", gt=0, le=1, description="Of the silicon detectors.")
    dark_counts_per_s: float = quantity(25.0, unit="1/s", ge=0, le=1e7, description="Of one of the four detectors.")
    dead_time_ns: float = quantity(
        50.0, unit="ns", ge=0, le=1e9, description="Of a detector after a click.", source="declared: active quenching"
    )
    misalignment: float = quantity(0.01, unit="1", ge=0, lt=0.5, description="Error rate of signal clicks.")
    security_epsilon: float = quantity(1e-9, unit="1", gt=0, le=1e-3, description="Secrecy of each passage's key.")
    equipment_w: float = quantity(
        500.0, unit="W", ge=0, le=50_000, description="Of the station, all day.", source="declared: mount and cooling"
    )
    enabled: bool = Field(default=True, description="Whether the link exists.")


class AirLink(KeyStore):
    """Quantum keys through the air between two places, by day and by night.

    Protocols that meet in the middle of a line want a station there, and are for fibres.
    """

    protocol: Literal["decoy-bb84", "six-state", "cv-qkd"] = choice(
        "decoy-bb84",
        description="Protocol; decoy-bb84 and cv-qkd count finite statistics. cv-qkd sees the sky in one mode.",
        source="as of `quantum.keys`",
    )
    id: str = text(REQUIRED, description="Identifier.", min_length=1, max_length=80)
    ends: tuple[str, ...] = Field(
        ...,
        min_length=2,
        max_length=2,
        description="Sites or nodes with the transmitter and the receiver; their distance is that of their places.",
        json_schema_extra={"refers_to": "place"},
    )
    heights_m: tuple[float, ...] = Field(
        (30.0, 30.0), min_length=2, max_length=2, description="Of the two telescopes above the ground, m; the Earth is "
        "round, and a link beyond the horizon is refused."
    )  # fmt: skip
    weather: Sky = choice("clear", description="Air along the path, of which clouds are no part; events may change it.")
    turbulence: float = quantity(
        1e-14, unit="m^(-2/3)", ge=1e-18, le=1e-11, description="C_n^2 along the path: 1e-16 calm night, 1e-13 strong."
    )
    light: Literal["auto", "day", "night"] = choice(
        "auto", description="auto: where the Sun is over the scenario's origin; otherwise day or night all day."
    )
    wavelength_nm: float = quantity(
        1550.0,
        unit="nm",
        ge=400,
        le=1625,
        description="Wavelength.",
        source="Liao et al., Nature Photonics 11, 509 (2017): 1550 nm by day",
    )
    transmitter_m: float = quantity(0.1, unit="m", gt=0, le=5, description="Diameter of the transmitter's telescope.")
    receiver_m: float = quantity(0.2, unit="m", gt=0, le=10, description="Diameter of the receiver's telescope.")
    divergence_urad: float | None = quantity(
        None, unit="urad", gt=0, le=10_000, description="Half angle of the beam at 1/e2; none: that of the diameter."
    )
    jitter_urad: float = quantity(5.0, unit="urad", ge=0, le=1000, description="Pointing jitter in each axis.")
    optics: float = quantity(0.4, unit="1", ge=1e-4, le=1, description="Transmittance of both ends, without detector.")
    field_urad: float = quantity(100.0, unit="urad", gt=0, le=10_000, description="Field of view, full angle.")
    filter_nm: float = quantity(0.1, unit="nm", gt=0, le=100, description="Width of the receiver's filter.")
    gate_ns: float = quantity(0.5, unit="ns", gt=0, le=100, description="Kept around each pulse.")
    pulse_rate_mhz: float = quantity(100.0, unit="MHz", gt=0, le=100_000, description="Pulses sent.")
    detector: str = reference("snspd", to="detectors", description="Detector of the catalogue; there are two.")
    homodyne: Homodyne = Field(default_factory=Homodyne, description="Receiver of cv-qkd.")
    watchdog: bool = Field(default=True, description="Watches for bright light, which blinds detectors.")
    isolation_db: float | None = quantity(
        None,
        unit="dB",
        ge=0,
        le=400,
        description="What the transmitter lets through and back of light shone into it; counted against the key "
        "(decoy-bb84). None: not counted, and a Trojan horse reads the settings.",
        source="Lucamarini et al., PRX 5 031030 (2015)",
    )
    misalignment: float = quantity(0.01, unit="1", ge=0, lt=0.5, description="Error rate of signal clicks.")
    block_bits: float = quantity(1e7, unit="bit", ge=1e4, le=1e12, description="Sifted bits distilled at a time.")
    security_epsilon: float = quantity(1e-9, unit="1", gt=0, le=1e-3, description="Secrecy of a distilled block.")
    equipment_w: float = quantity(
        150.0, unit="W", ge=0, le=50_000, description="Of both ends.", source="declared: trackers and rack units"
    )
    enabled: bool = Field(default=True, description="Whether the link exists.")


class Message(Part):
    """Direct quantum messages from one place to another, over one link or relayed over several."""

    id: str = text("", description="Identifier; by default its number.", max_length=80)
    ends: tuple[str, ...] = Field(
        ...,
        min_length=2,
        max_length=2,
        description="Sender and receiver.",
        json_schema_extra={"refers_to": "place"},
    )
    bit_per_s: float = quantity(REQUIRED, unit="bit/s", gt=0, le=1e12, description="Offered in the busiest hour.")
    profile: str = reference("flat", to="profile", description="How it follows the hours.")
    relay: Literal["trusted", "pqc", "none"] = choice(
        "trusted",
        description="Who may pass messages on: trusted nodes; any node, since the message is enciphered with ML-KEM "
        "and AES first (a secure repeater); nobody.",
        source="Long et al., An evolutionary pathway for the quantum internet relying on secure classical repeaters, "
        "IEEE Network 36 (2022)",
    )
    fallback: Literal["wait", "keys", "ml-kem-768", "none"] = choice(
        "wait",
        description="What happens to a message that finds no quantum link: it waits; it is sent under a one-time pad "
        "from the key stocks; under ML-KEM; it is lost.",
    )
    priority: int = quantity(0, unit="1", ge=-100, le=100, description="Higher is served first.")


class Quantum(Part):
    """Quantum links of the network."""

    enabled: bool = Field(default=True, description="Whether quantum links exist at all.")
    keys: tuple[KeyLink, ...] = listing("Links that make keys.", max_length=5000)
    direct: tuple[DirectLink, ...] = listing("Links that carry messages directly.", max_length=5000)
    repeaters: tuple[Repeater, ...] = listing("Chains of quantum repeaters.", max_length=500)
    satellites: tuple[Satellite, ...] = listing("Satellites.", max_length=100)
    downlinks: tuple[Downlink, ...] = listing("Keys from satellites to stations.", max_length=500)
    air: tuple[AirLink, ...] = listing("Keys through the air between two places.", max_length=500)
    messages: tuple[Message, ...] = listing("Messages to be sent over quantum links.", max_length=1000)
