"""Evidence: machines shown and promised, attacks estimated, and which primitive each attack breaks; with standing.

Standing: "published" (peer reviewed), "preprint", "vendor" (by people who sell the machine, or hold shares in it).
"""

from __future__ import annotations

from dataclasses import dataclass

from silla.base.errors import ArgumentError
from silla.physics.qubits.resources.estimate import estimate
from silla.physics.qubits.resources.machines import MACHINES
from silla.physics.qubits.resources.programs import ecc_2017, ecc_2026, rsa_2019, rsa_2025

__all__ = [
    "EVIDENCE_YEAR",
    "PRIMITIVES",
    "ROADMAP",
    "ROUTES",
    "Milestone",
    "Primitive",
    "Route",
    "primitive",
    "routes_of",
]

EVIDENCE_YEAR = 2026.0
_RANK = {"published": 0, "preprint": 1, "vendor": 2}


@dataclass(frozen=True)
class Milestone:
    """A machine shown, or promised on a roadmap."""

    year: float
    platform: str
    qubits: float
    two_qubit_error: float | None
    shown: bool
    who: str
    standing: str


ROADMAP: tuple[Milestone, ...] = (
    Milestone(2019, "superconducting", 53, 6.2e-3, True, "Sycamore: Arute et al., Nature 574, 505", "published"),
    Milestone(2021, "superconducting", 127, None, True, "IBM Eagle", "vendor"),
    Milestone(2022, "superconducting", 433, None, True, "IBM Osprey", "vendor"),
    Milestone(2023, "superconducting", 1121, None, True, "IBM Condor", "vendor"),
    Milestone(2024, "superconducting", 105, 3.3e-3, True, "Willow: Nature 638, 920 (2025)", "published"),
    Milestone(2023, "neutral-atom", 280, 5e-3, True, "Bluvstein et al., Nature 626, 58 (2024)", "published"),
    Milestone(2025, "neutral-atom", 448, 5e-3, True, "Bluvstein et al. 2025, fault-tolerant architecture", "published"),
    Milestone(2025, "neutral-atom", 6100, None, True, "Manetsch et al. 2025: trapped, not computing", "published"),
    Milestone(2025, "trapped-ion", 98, 8e-4, True, "Quantinuum Helios", "vendor"),
    Milestone(2029, "superconducting", 10_000, None, False, "IBM roadmap: Starling, 200 logical qubits", "vendor"),
    Milestone(2033, "superconducting", 100_000, None, False, "IBM roadmap: Blue Jay, 2,000 logical qubits", "vendor"),
    Milestone(2030, "trapped-ion", 2_000_000, None, False, "IonQ roadmap of 2025", "vendor"),
)  # fmt: skip


@dataclass(frozen=True)
class Route:
    """A way to break a family of primitives: qubits and gate error it needs, when that was said, and its platform.

    floor : qubits below which no improvement of algorithms is believed: fewer than eight physical qubits a logical one.
    """

    name: str
    family: str
    platform: str
    year: float
    qubits: float
    gate_error: float
    floor: float
    days: float
    standing: str
    source: str


def _superconducting(name: str, family: str, year: float, program) -> Route:
    e = estimate(program, MACHINES["superconducting"])
    return Route(
        name, family, "superconducting", year, e.physical_qubits, 1e-3, 8 * program.logical_qubits,
        e.expected_s / 86400, program.standing, program.source,
    )  # fmt: skip


_NEUTRAL = "Cain et al., arXiv:2603.28627: 26,000 atoms, P-256 in about ten days; all authors hold shares in a vendor"
ROUTES: tuple[Route, ...] = (
    _superconducting("rsa-2048-2019", "rsa-2048", 2019, rsa_2019(2048)),
    _superconducting("rsa-2048-2025", "rsa-2048", 2025, rsa_2025(2048)),
    _superconducting("rsa-3072-2025", "rsa-3072", 2025, rsa_2025(3072)),
    _superconducting("rsa-4096-2025", "rsa-4096", 2025, rsa_2025(4096)),
    _superconducting("ecc-256-2017", "ecc-256", 2017, ecc_2017(256)),
    _superconducting("ecc-384-2017", "ecc-384", 2017, ecc_2017(384)),
    _superconducting("ecc-256-2026", "ecc-256", 2026, ecc_2026(256)),
    _superconducting("ecc-384-2026", "ecc-384", 2026, ecc_2026(384)),
    Route("ecc-256-atoms", "ecc-256", "neutral-atom", 2026, 26_000, 1e-3, 8 * 1200, 10.0, "vendor", _NEUTRAL),
    Route(
        "rsa-2048-atoms", "rsa-2048", "neutral-atom", 2026, 26_000, 1e-3, 8 * 1400, 210.0, "vendor",
        _NEUTRAL + "; RSA-2048 one to two orders of magnitude longer",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Primitive:
    """A primitive. family : of the routes that break it, "" where none is known. strength : classical bits.

    kind : key exchange, signature or cipher.
    """

    name: str
    kind: str
    family: str
    strength: int
    note: str


PRIMITIVES: dict[str, Primitive] = {
    p.name: p
    for p in (
        Primitive("rsa-2048", "signature", "rsa-2048", 112, "Shor"),
        Primitive("rsa-3072", "signature", "rsa-3072", 128, "Shor; scaled from 2048"),
        Primitive("dh-2048", "key exchange", "rsa-2048", 112, "Shor; about the cost of RSA-2048 (arXiv:1905.09749)"),
        Primitive("dh-4096", "key exchange", "rsa-4096", 152, "Shor; as RSA-4096, scaled from 2048"),
        Primitive("x25519", "key exchange", "ecc-256", 128, "Shor"),
        Primitive("p-256", "key exchange", "ecc-256", 128, "Shor"),
        Primitive("ecdsa-p256", "signature", "ecc-256", 128, "Shor"),
        Primitive("p-384", "key exchange", "ecc-384", 192, "Shor; scaled from 256"),
        Primitive("aes-128", "cipher", "", 128, "Grover alone: no threat at any depth (Jaques et al. 2020)"),
        Primitive("aes-256", "cipher", "", 256, "Grover alone: no threat (Jaques et al. 2020)"),
        Primitive("ml-kem-768", "key exchange", "", 192, "no quantum attack known (FIPS 203)"),
        Primitive("ml-kem-1024", "key exchange", "", 256, "no quantum attack known (FIPS 203)"),
        Primitive("ml-dsa-65", "signature", "", 192, "no quantum attack known (FIPS 204)"),
    )
}


def primitive(name: str) -> Primitive:
    """The primitive of that name; ArgumentError with the known ones otherwise."""
    if name not in PRIMITIVES:
        raise ArgumentError(f"no primitive is called {name!r}; known: {', '.join(PRIMITIVES)}")
    return PRIMITIVES[name]


def routes_of(name: str, standing: str = "preprint") -> tuple[Route, ...]:
    """Routes that break a primitive, of evidence up to that standing; of one platform only the newest.

    >>> [r.name for r in routes_of("rsa-2048", "published")], [r.name for r in routes_of("rsa-2048")]
    (['rsa-2048-2019'], ['rsa-2048-2025'])
    """
    if standing not in _RANK:
        raise ArgumentError(f"standing is {standing!r}, allowed {', '.join(_RANK)}")
    family = primitive(name).family
    known = [r for r in ROUTES if r.family == family and family and _RANK[r.standing] <= _RANK[standing]]
    newest = {r.platform: r for r in sorted(known, key=lambda r: r.year)}
    return tuple(newest.values())
