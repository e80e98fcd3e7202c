"""Quantum threat of a 6G network: each interface's keys, when they fall, when to migrate, what is covered already.

Interfaces carry the defaults of the specifications; a scenario's `security` entries and key links cover the backhaul of
their hubs, and with it N2, N3 and management on that segment. What a run measured (quantum keys served) can be given.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.physics.qubits.resources.estimate import estimate
from silla.physics.qubits.resources.machines import MACHINES
from silla.physics.qubits.resources.programs import aes_search
from silla.physics.qubits.threat.evidence import EVIDENCE_YEAR, ROADMAP, primitive, routes_of
from silla.physics.qubits.threat.exposure import expose
from silla.physics.qubits.threat.years import GROWTHS, Growth, broken_years, chance
from silla.world.types import World

__all__ = ["DEADLINES", "INTERFACES", "Cover", "Deadline", "Interface", "cover_of", "threat_report"]

STANDINGS = ("published", "preprint", "vendor")  # each holds the ones before
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Interface:
    """A use of one primitive on one interface.

    use : "confidentiality" (recorded now, read later) or "authentication". lifetime : years that the data must stay
    secret (declared). migration : years from the start of a migration to its end (declared). on_backhaul : a layer of
    protection on the backhaul covers it there. fixed_key : one long-lived key opens everything recorded under it.
    """

    id: str
    name: str
    protocol: str
    primitive: str
    use: str
    lifetime: float
    migration: float
    source: str
    on_backhaul: bool = False
    fixed_key: bool = False


def _i(*values: Any, **more: Any) -> Interface:
    return Interface(*values, **more)


_C, _A = "confidentiality", "authentication"
INTERFACES: tuple[Interface, ...] = (
    _i("suci-a", "SUCI, profile A", "ECIES", "x25519", _C, 10, 5, "TS 33.501 annex C.3.4.1", fixed_key=True),
    _i("suci-b", "SUCI, profile B", "ECIES", "p-256", _C, 10, 5, "TS 33.501 annex C.3.4.2", fixed_key=True),
    _i("aka", "AKA and the air interface", "symmetric keys of 128 bits", "aes-128", _C, 10, 8, "TS 33.501, TS 35.206"),
    _i("n2", "N2, signalling to the AMF", "IPsec, IKEv2", "p-256", _C, 5, 4, "TS 33.501 cl. 9.2, TS 33.210",
       on_backhaul=True),
    _i("n3", "N3, user plane to the UPF", "IPsec, IKEv2", "p-256", _C, 10, 4, "TS 33.501 cl. 9.3, TS 33.210",
       on_backhaul=True),
    _i("xn", "Xn between base stations", "IPsec, IKEv2", "p-256", _C, 5, 4, "TS 33.501 cl. 9.4", on_backhaul=True),
    _i("f1", "F1 and E1 of a split base station", "IPsec, IKEv2", "p-256", _C, 5, 4, "TS 33.501 cl. 9.8"),
    _i("ike-auth", "Certificates of IKEv2", "X.509, ECDSA", "ecdsa-p256", _A, 0, 5, "TS 33.310"),
    _i("sba", "SBA between network functions", "TLS 1.3", "x25519", _C, 7, 3, "TS 33.501 cl. 13.1, TS 33.210 cl. 6.2"),
    _i("sba-auth", "Certificates and tokens of the SBA", "X.509, OAuth 2.0", "ecdsa-p256", _A, 0, 4,
       "TS 33.501 cl. 13.3"),
    _i("n32", "N32 between operators", "TLS, PRINS", "p-256", _C, 7, 5, "TS 33.501 cl. 13.2"),
    _i("o1", "O-RAN O1, O2", "TLS or SSH", "p-256", _C, 5, 4, "O-RAN.WG11 security protocols", on_backhaul=True),
    _i("a1", "O-RAN A1", "TLS", "x25519", _C, 3, 4, "O-RAN.WG11 security protocols"),
    _i("e2", "O-RAN E2", "IPsec, IKEv2", "p-256", _C, 3, 4, "O-RAN.WG11 security protocols", on_backhaul=True),
    _i("ofh-m", "Open fronthaul, M-plane", "SSH or TLS", "p-256", _C, 3, 5, "O-RAN.WG4 M-plane"),
    _i("ofh-cus", "Open fronthaul, CUS-plane", "MACsec, MKA by EAP-TLS", "p-256", _C, 1, 6, "IEEE 802.1AE, 802.1X"),
    _i("software", "Signed software and boot", "RSA signatures", "rsa-2048", _A, 0, 7, "O-RAN.WG11, vendors' practice"),
    _i("backhaul", "Backhaul of the hubs", "IPsec or MACsec", "p-256", _C, 10, 4, "TS 33.210", on_backhaul=True),
)  # fmt: skip


@dataclass(frozen=True)
class Deadline:
    """A date that somebody has set, and what it has standing of."""

    year: int
    what: str
    who: str
    standing: str
    interfaces: str = "all"


DEADLINES: tuple[Deadline, ...] = (
    Deadline(2027, "new equipment of national security systems supports ML-KEM-1024 and ML-DSA-87", "NSA CNSA 2.0",
             "binding for US national security systems"),
    Deadline(2030, "networking equipment uses them alone; RSA-2048 and curves of 112 bits deprecated",
             "NSA CNSA 2.0; NIST IR 8547 (draft)", "binding for US systems; NIST's is a draft"),
    Deadline(2035, "RSA, DH and elliptic curves disallowed at any size", "NIST IR 8547 (draft)", "draft"),
    Deadline(2030, "high-risk uses migrated", "EU coordinated roadmap of 2025", "recommendation"),
    Deadline(2035, "as many systems as feasible migrated", "EU roadmap; UK NCSC", "recommendation"),
    Deadline(2035, "national migration to post-quantum algorithms", "Korea, master plan of 2023 (KpqC)", "plan"),
    Deadline(2028, "post-quantum protection studied and specified for 6G (expected, not yet dated)",
             "3GPP SA3, Release 20 and 21; GSMA PQ.03", "study and guidance"),
)  # fmt: skip


@dataclass(frozen=True)
class Cover:
    """What a scenario's security entries cover: shares of the backhaul traffic of all hubs.

    quantum : under quantum keys. post_quantum : under ML-KEM, or held back, where they run out. conditional : planned
    under quantum keys with a "classical" fallback, so exposed when keys are short. open_share : nothing of these.
    hubs : hubs with an entry, of `n_hubs`. trusted_relays : places on the key links that know the keys they pass on.
    """

    quantum: float
    post_quantum: float
    conditional: float
    open_share: float
    hubs: tuple[str, ...]
    n_hubs: int
    trusted_relays: int

    @property
    def protected(self) -> float:
        """Share that no quantum computer opens, whatever becomes of the supply of keys."""
        return 1.0 - self.open_share - self.conditional


def cover_of(world: World, served: Mapping[str, float] | None = None) -> Cover:
    """Cover of the backhaul by the scenario's entries, hubs weighted by the sites that end there.

    served : share of each flow's traffic (by flow id) that quantum keys carried in a run; 1 where not given, so that
    only flows whose fallback is classical or none depend on it. Raises ArgumentError for a share outside 0..1.
    """
    hubs, sites = np.unique(world.sites.hub[world.sites.hub >= 0], return_counts=True)
    if not hubs.size:
        return Cover(0.0, 0.0, 0.0, 1.0, (), 0, 0)
    weight = dict(zip(hubs.tolist(), (sites / sites.sum()).tolist()))
    flows = world.flows
    quantum = post = conditional = 0.0
    for i, ident in enumerate(flows.id):
        part = weight.get(int(flows.source[i]), 0.0) * float(flows.share[i])
        share = 1.0 if served is None else float(served.get(ident, 1.0))
        if not 0.0 <= share <= 1.0:
            raise ArgumentError(f"flow {ident}: served share is {share}, allowed 0 to 1")
        fallback = flows.fallback[i]
        if fallback == "classical":
            # only what a run has shown to be carried by quantum keys is beyond doubt
            quantum += part * (share if served is not None else 0.0)
            conditional += part * (1.0 - share if served is not None else 1.0)
        else:
            quantum += part * share
            post += part * (1.0 - share)  # ML-KEM, or not sent at all
    total = quantum + post + conditional
    scale = 1.0 / total if total > 1.0 else 1.0  # entries that overlap do not cover traffic twice
    names = tuple(dict.fromkeys(world.places.id[s] for s in flows.source.tolist()))
    ends = set(flows.source.tolist()) | set(flows.target.tolist())
    relays = {int(e) for f in world.key_links.fibre.tolist() for e in world.fibres.ends[f]} - ends
    trusted = sum(bool(world.places.trusted[r]) for r in relays)
    return Cover(
        quantum * scale, post * scale, conditional * scale, max(0.0, 1.0 - total), names, int(hubs.size), trusted
    )  # fmt: skip


def threat_report(
    world: World | None = None,
    *,
    now: float = EVIDENCE_YEAR,
    horizon: float = 30.0,
    samples: int = 20_000,
    seed: int = 1,
    standing: str = "preprint",
    risk: float = 0.05,
    interfaces: Sequence[Interface] = INTERFACES,
    served: Mapping[str, float] | None = None,
    growths: Mapping[str, Growth] | None = None,
) -> dict[str, Any]:
    """One plain dictionary: years in which primitives fall, rows by interface before and after cover, deadlines.

    Parameters
    ----------
    world : the scenario's; None leaves the cover out. now : calendar year. horizon : years of the series.
    samples, seed : of the Monte-Carlo. standing : evidence that counts, "published", "preprint" or "vendor".
    risk : probability that `latest_start` keeps to. served : as in `cover_of`. growths : instead of `GROWTHS`.

    Probabilities carry the 95 % interval of the draws; what the draws assume (growth of machines) is listed beside.
    Raises ArgumentError for a year outside 2020..2060, a horizon outside 1..100, or what the leaf refuses.
    """
    _check(now, horizon, interfaces)
    names = list(dict.fromkeys(i.primitive for i in interfaces))
    years = {p: broken_years(p, n=samples, seed=seed, standing=standing, growths=growths) for p in names}
    cover = None if world is None else cover_of(world, served)
    draws: dict[str, Any] = {"n": samples, "seed": seed, "growths": growths}
    at = np.arange(np.floor(now), np.floor(now + horizon) + 1)
    return {
        "scenario": None if world is None else world.name,
        "variant": None if world is None else world.variant,
        "now": now,
        "samples": samples,
        "seed": seed,
        "standing": standing,
        "risk": risk,
        "primitives": [_primitive(p, years[p], at, standing, draws) for p in names],
        "interfaces": [_interface(i, years[i.primitive], now, risk, cover) for i in interfaces],
        "cover": None if cover is None else dataclasses.asdict(cover) | {"protected": cover.protected},
        "deadlines": [dataclasses.asdict(d) for d in sorted(DEADLINES, key=lambda d: d.year)],
        "growth": [dataclasses.asdict(g) for g in (GROWTHS if growths is None else growths).values()],
        "roadmap": [dataclasses.asdict(m) for m in ROADMAP],
        "search": _searches(),
        "years": at.tolist(),
    }


def _check(now: float, horizon: float, interfaces: Sequence[Interface]) -> None:
    if not 2020.0 <= now <= 2060.0:
        raise ArgumentError(f"now is {now}, allowed a calendar year from 2020 to 2060")
    if not 1.0 <= horizon <= 100.0:
        raise ArgumentError(f"years is {horizon}, allowed 1 to 100")
    if not interfaces:
        raise ArgumentError("no interface is given")
    for i in interfaces:
        if i.use not in (_C, _A):
            raise ArgumentError(f"interface {i.id}: use is {i.use!r}, allowed {_C} or {_A}")


def _primitive(name: str, years: np.ndarray, at: np.ndarray, standing: str, draws: dict[str, Any]) -> dict[str, Any]:
    p = primitive(name)
    return {
        "primitive": name,
        "kind": p.kind,
        "note": p.note,
        "quantiles": _quantiles(years),
        "by_standing": {s: _quantiles(broken_years(name, standing=s, **draws)) for s in STANDINGS},
        "broken_by": [chance(years, float(y)) for y in at],
        "routes": [dataclasses.asdict(r) for r in routes_of(name, standing)],
    }


def _quantiles(years: np.ndarray) -> dict[str, float]:
    values = np.quantile(years, _QUANTILES, method="inverted_cdf")
    return dict(zip(("q05", "q25", "median", "q75", "q95"), (float(v) for v in values)))


def _interface(i: Interface, years: np.ndarray, now: float, risk: float, cover: Cover | None) -> dict[str, Any]:
    e = expose(
        years, now=now, lifetime=i.lifetime, migration=i.migration, confidentiality=i.use == _C, risk=risk
    )  # fmt: skip
    left, by = 1.0, "nothing"
    if cover is not None and i.on_backhaul and cover.open_share < 1.0:
        left = 1.0 - cover.protected
        by = _covered_by(cover)
    if not routes_of(i.primitive, "vendor"):
        by = "needs no cover: no quantum attack is in reach"
    after = tuple(left * x for x in e.now)
    return dataclasses.asdict(i) | {
        "p_now": e.now,
        "p_at_end": e.at_end,
        "p_after": after,
        "exposed_share": left,
        "latest_start": e.latest_start,
        "late_by": e.late_by,
        "covered_by": by,
        "deadline": _deadline(i),
    }


def _deadline(i: Interface) -> int | None:
    """Year of NIST IR 8547 (draft): deprecated after 2030 at 112 bits, disallowed after 2035 at any size."""
    if not routes_of(i.primitive, "vendor"):
        return None
    return 2030 if primitive(i.primitive).strength <= 112 else 2035


def _covered_by(cover: Cover) -> str:
    parts = []
    if cover.quantum > 0:
        parts.append(f"quantum keys {100 * cover.quantum:.3g} %")
    if cover.post_quantum > 0:
        parts.append(f"ML-KEM or held back {100 * cover.post_quantum:.3g} %")
    if cover.conditional > 0:
        parts.append(f"quantum keys with a classical fallback {100 * cover.conditional:.3g} % (counted as exposed)")
    return ", ".join(parts) or "nothing"


def _searches() -> list[dict[str, Any]]:
    """Key searches by Grover on one fast machine: years of steps alone."""
    rows = []
    for bits in (128, 256):
        e = estimate(aes_search(bits), MACHINES["superconducting"], "gidney-ekera-2019", budget=0.25)
        years = e.run_s / 31557600.0
        rows.append({"cipher": f"aes-{bits}", "years_on_one_machine": years, "source": aes_search(bits).source})
    return rows
