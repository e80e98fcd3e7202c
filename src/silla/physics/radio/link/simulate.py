"""Slots through a channel and a receiver, counted: what a link campaign calls.

One slot is drawn, sent, received and decoded by the other modules of this package; here they are put in order and the
errors are counted. Counts add, so that tasks of any size can be merged.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np

from silla.base.errors import ArgumentError, DomainError
from silla.coding.min_sum import quantise
from silla.coding.transport_block import DecodedTransportBlock, SoftBuffer, decode_transport_block
from silla.physics.radio.link import channels_cdl as cdl
from silla.physics.radio.link import channels_flat as flat
from silla.physics.radio.link import channels_tdl as tdl
from silla.physics.radio.link import detection as det
from silla.physics.radio.link import estimation as est
from silla.physics.radio.link.channels import PathChannel, apply_time, awgn, check_numerology, frequency_response
from silla.physics.radio.link.channels_noise import propagate
from silla.physics.radio.link.channels_rt import PathList
from silla.physics.radio.link.detection_ep import expectation_propagation
from silla.physics.radio.link.detection_search import k_best
from silla.physics.radio.link.layers import demap_layers
from silla.physics.radio.link.ofdm import Numerology, demodulate, modulate
from silla.physics.radio.link.pdsch import PdschConfig, pdsch_layout, pdsch_llr, pdsch_transmit
from silla.physics.radio.link.pusch import PuschConfig, pusch_layout, pusch_llr, pusch_transmit
from silla.physics.radio.link.resource_mapping import gather
from silla.physics.radio.link.scrambling import gold, pdsch_c_init, pusch_c_init

__all__ = [
    "CHANNELS", "ESTIMATORS", "RECEIVERS", "LinkChannel", "LinkConfig", "LinkCounts", "code_words", "data_places",
    "sent_power", "simulate_slots",
]  # fmt: skip

CHANNELS = ("awgn", "rayleigh", "rician", "tdl", "cdl", "double-tdl", "paths")
RECEIVERS = ("lmmse", "lmmse-irc", "zero-forcing", "mrc", "k-best", "ep", "genie")
ESTIMATORS = ("perfect", "ls", "lmmse")
VERSIONS = (0, 2, 3, 1)  # redundancy versions of successive transmissions (TS 38.214 clause 6.1.2.1)
_MOST_DB = 200
_ELEMENTS = 1 << 20  # received resource elements and layers handled at a time: some 50 MB at most; 2^19 is slower


@dataclass(frozen=True)
class LinkChannel:
    """A channel, drawn anew for every slot.

    kind : "awgn", "rayleigh", "rician", "tdl", "cdl", "double-tdl" (two users). profile : of "tdl" ("A" to "E", "A30",
    ..) and "cdl" ("A" to "E"). delay_spread_s : for the profiles that are scaled. doppler_hz : maximum Doppler shift.
    k_factor_db : of "rician", or to change that of D and E. correlation : see `channels_correlation`. carrier_hz,
    tx_array, rx_array, base_transmits : of "cdl"; the velocity lies along +x. paths : of "paths", which have their own
    Doppler shifts; base_transmits False takes them the other way.
    """

    kind: str = "tdl"
    profile: str = "A"
    delay_spread_s: float | None = None
    doppler_hz: float = 0.0
    k_factor_db: float | None = None
    correlation: str | tuple[float, float] = "low"
    carrier_hz: float = 3.5e9
    tx_array: cdl.Array | None = None
    rx_array: cdl.Array | None = None
    base_transmits: bool = True
    paths: PathList | None = None

    def __post_init__(self) -> None:
        if (self.kind == "paths") != (self.paths is not None):
            raise ArgumentError("a channel of ray-traced paths has kind 'paths' and a `PathList`; no other one has")
        if self.kind not in CHANNELS:
            raise ArgumentError(f"channel {self.kind!r} is not known; known: {', '.join(CHANNELS)}")
        if not 0.0 <= self.doppler_hz < np.inf:
            raise ArgumentError(f"doppler_hz is {self.doppler_hz!r}; it must be finite and not negative")
        if self.kind == "rician" and self.k_factor_db is None:
            raise ArgumentError("a Rician channel needs k_factor_db")
        _ = self.profile_power()

    def profile_power(self) -> tuple[np.ndarray, np.ndarray]:
        """(delays in s, powers): what an LMMSE estimator is told."""
        if self.kind == "tdl":
            return tdl.tdl_power(self.profile, self.delay_spread_s, self.k_factor_db)
        if self.kind == "cdl":
            clusters = self._clusters()
            return np.append(clusters.delay_s, 0.0), np.append(clusters.power, clusters.los_power)
        if self.paths is not None:
            return self.paths.profile()
        if self.kind == "double-tdl":  # one filter for both users: their mean profile
            parts = [tdl.tdl_power(p) for p in ("B100", "C300")]
            return np.concatenate([d for d, _ in parts]), np.concatenate([p / 2 for _, p in parts])
        return np.zeros(1), np.ones(1)

    def _clusters(self) -> cdl.Clusters:
        if self.delay_spread_s is None:
            raise ArgumentError(
                f"CDL-{self.profile} needs its rms delay spread, delay_spread_s (TR 38.901 clause 7.7.3)"
            )
        return cdl.cdl_clusters(self.profile, self.delay_spread_s, k_factor_db=self.k_factor_db)

    @property
    def assumed_doppler_hz(self) -> float:
        """Maximum Doppler shift that an LMMSE estimator is told."""
        if self.paths is not None:
            return float(np.abs(self.paths.doppler_hz).max())
        return 400.0 if self.kind == "double-tdl" else self.doppler_hz

    def draw(self, n_users: int, n_rx: int, n_tx: int, batch: int, rng: np.random.Generator) -> list:
        """A `PathChannel` for each user."""
        if self.kind == "double-tdl":
            return list(tdl.double_tdl(rng=rng, batch=batch, n_rx=n_rx, n_tx=n_tx, correlation=str(self.correlation)))
        return [self._draw_one(n_rx, n_tx, batch, rng) for _ in range(n_users)]

    def _draw_one(self, n_rx: int, n_tx: int, batch: int, rng: np.random.Generator):
        if self.paths is not None:
            return self.paths.draw(rng=rng, batch=batch, n_rx=n_rx, n_tx=n_tx, reverse=not self.base_transmits)
        if self.kind == "tdl":
            return tdl.draw_tdl(
                self.profile, rng=rng, batch=batch, n_rx=n_rx, n_tx=n_tx, delay_spread_s=self.delay_spread_s,
                k_factor_db=self.k_factor_db, doppler_hz=self.doppler_hz, correlation=self.correlation,
            )  # fmt: skip
        if self.kind == "cdl":
            assert self.delay_spread_s is not None
            speed = self.doppler_hz * tdl.SPEED_OF_LIGHT / self.carrier_hz
            return cdl.draw_cdl(
                self.profile, rng=rng, batch=batch, delay_spread_s=self.delay_spread_s, carrier_hz=self.carrier_hz,
                tx=_array(self.tx_array, n_tx, "tx_array"), rx=_array(self.rx_array, n_rx, "rx_array"),
                velocity_m_per_s=(speed, 0.0, 0.0), moving="rx" if self.base_transmits else "tx",
                reverse=not self.base_transmits, k_factor_db=self.k_factor_db,
            )  # fmt: skip
        if self.kind == "awgn":
            # orthogonal antennas: the layers do not mix and every layer has the energy of one antenna
            gain = np.exp(2j * np.pi * np.outer(np.arange(n_rx), np.arange(n_tx)) / n_rx)
            gain = np.broadcast_to(gain[None, :, :, None, None], (batch, n_rx, n_tx, 1, 1))
            return flat.PathChannel(gain.astype(np.complex64), np.zeros(1), np.zeros((1, 1, 1)))
        k = 10.0 ** (self.k_factor_db / 10.0) if self.kind == "rician" and self.k_factor_db is not None else None
        return flat.draw_flat(rng=rng, batch=batch, n_rx=n_rx, n_tx=n_tx, doppler_hz=self.doppler_hz, k_factor=k)


def _array(given: cdl.Array | None, n: int, name: str) -> cdl.Array:
    """The array asked for, or cross-polarised columns (one vertical element for a single antenna)."""
    array = given or (cdl.Array(1, n // 2, (45.0, -45.0)) if n % 2 == 0 else cdl.Array(1, n))
    if array.n_antennas != n:
        raise ArgumentError(f"{name} has {array.n_antennas} antennas, the link {n}")
    return array


@dataclass(frozen=True)
class LinkConfig:
    """What is simulated.

    users : allocations that share the same resource blocks and pilot symbols: one `PuschConfig` or `PdschConfig`, or
    several PUSCH of different DM-RS ports (multi-user MIMO). channel, n_rx : see `LinkChannel`. estimation : "perfect",
    "ls" (linear interpolation) or "lmmse" (true profile and Doppler). receiver : "lmmse", "lmmse-irc", "zero-forcing",
    "mrc", "k-best", "ep", or "genie" (true channel, other layers taken away: the matched-filter bound).
    demapping : "max-log" or "log-map". transmissions : HARQ transmissions at most, 1 to 4, redundancy versions 0, 2, 3,
    1, each on a new channel. max_iterations : of the decoder. k : survivors of "k-best". sir_db : an interferer of this
    signal-to-interference ratio with QPSK on every resource element, None for none. irc_bundle_prb : resource blocks
    over which its covariance is averaged. block_prb : resource blocks that LMMSE estimates at a time, None for all.
    domain : "frequency", one channel gain per resource element, which refuses channels that this does not describe; or
    "time", sample by sample, so that delays beyond the cyclic prefix and fast fading interfere (much slower).
    """

    users: tuple[PuschConfig, ...] | tuple[PdschConfig, ...]
    channel: LinkChannel = field(default_factory=LinkChannel)
    n_rx: int = 4
    estimation: str = "lmmse"
    receiver: str = "lmmse"
    demapping: str = "max-log"
    transmissions: int = 1
    max_iterations: int = 10
    k: int = 64
    sir_db: float | None = None
    irc_bundle_prb: int = 8
    block_prb: int | None = 8
    domain: str = "frequency"

    def __post_init__(self) -> None:
        users = self.users if isinstance(self.users, tuple) else (self.users,)
        object.__setattr__(self, "users", users)
        for name, value, known in (
            ("estimation", self.estimation, ESTIMATORS), ("receiver", self.receiver, RECEIVERS),
            ("demapping", self.demapping, ("max-log", "log-map")), ("domain", self.domain, ("frequency", "time")),
        ):  # fmt: skip
            if value not in known:
                raise ArgumentError(f"{name} {value!r} is not known; known: {', '.join(known)}")
        if not users or (len(users) > 1 and not all(isinstance(u, PuschConfig) for u in users)):
            raise ArgumentError("users must be one PuschConfig or PdschConfig, or several PuschConfig")
        if self.channel.kind == "double-tdl" and len(users) != 2:
            raise ArgumentError(f"the channel 'double-tdl' has two users, found {len(users)}")
        if self.n_layers > self.n_rx:
            raise DomainError(
                f"{self.n_layers} layers on {self.n_rx} receive antennas: they cannot be told apart; give at least as "
                "many antennas as layers"
            )
        self._check_users()
        if not 1 <= self.transmissions <= len(VERSIONS):
            raise ArgumentError(f"transmissions is {self.transmissions!r}; allowed: 1 to {len(VERSIONS)}")
        if self.domain == "time" and self.sir_db is not None:
            raise ArgumentError("an interferer (sir_db) is modelled in the domain 'frequency' alone")
        words = [word for user in users for word in code_words(user)]
        modulations = sorted({word.modulation for word in words})
        if self.receiver in ("k-best", "ep") and len(modulations) > 1:
            raise ArgumentError(
                f"the receiver {self.receiver!r} takes one modulation for all layers, found {', '.join(modulations)}: "
                "use the same MCS table and modulation for all, or 'lmmse'"
            )
        if self.transmissions > 1 and len(words) > 1:
            raise ArgumentError("several transmissions (HARQ) need one user with one code word")
        if self.max_iterations < 1 or self.irc_bundle_prb < 1 or (self.block_prb is not None and self.block_prb < 1):
            raise ArgumentError("max_iterations, irc_bundle_prb and block_prb must be at least 1")

    def _check_users(self) -> None:
        first = self.users[0]
        layouts = [_layout(u) for u in self.users]
        alike = all(
            u.carrier == first.carrier
            and np.array_equal(a.data, layouts[0].data)
            and np.array_equal(a.dmrs.symbols, layouts[0].dmrs.symbols)
            for u, a in zip(self.users, layouts)
        )
        if not alike:
            raise ArgumentError("users of one slot must share the carrier, the resource elements and the DM-RS symbols")
        ports = [p for a in layouts for p in a.dmrs.ports]
        if len(set(ports)) != len(ports):
            raise ArgumentError(f"users share the DM-RS ports {ports}: give each its own (Dmrs(ports=..))")
        if getattr(first, "transform_precoding", False) and self.receiver == "k-best":
            raise ArgumentError("K-best detects subcarriers, but transform precoding spreads symbols over all of them")

    @property
    def n_layers(self) -> int:
        """Of all users."""
        return sum(u.n_layers for u in self.users)

    @property
    def numerology(self) -> Numerology:
        carrier = self.users[0].carrier
        return Numerology(carrier.numerology, carrier.n_prb, carrier.extended_cp)


@dataclass(frozen=True)
class LinkCounts:
    """What was counted; `+` adds.

    blocks, block_errors : transport blocks, and those still wrong after all transmissions (CRC). first_errors : wrong
    after the first one. transmissions : sent in all. code_blocks, code_block_errors, iterations : of the last
    transmissions. bits, bit_errors : information bits, and those wrong among them. coded_bits, coded_bit_errors : hard
    decisions of the first transmissions before decoding. estimate_error : sum of squared channel errors over
    estimate_count gains.
    """

    slots: int = 0
    blocks: int = 0
    block_errors: int = 0
    first_errors: int = 0
    transmissions: int = 0
    code_blocks: int = 0
    code_block_errors: int = 0
    iterations: int = 0
    bits: int = 0
    bit_errors: int = 0
    coded_bits: int = 0
    coded_bit_errors: int = 0
    estimate_error: float = 0.0
    estimate_count: int = 0

    def __add__(self, other: LinkCounts) -> LinkCounts:
        return LinkCounts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    @property
    def bler(self) -> float:
        """Share of transport blocks lost; NaN without any."""
        return self.block_errors / self.blocks if self.blocks else float("nan")


class _CodeWord(NamedTuple):
    """One transport block of a slot: its layers among the user's, and how it is coded."""

    layers: slice
    tbs: int
    bits: int
    modulation: str
    coding: dict
    c_init: int
    n_coded: int


@functools.lru_cache(maxsize=64)
def code_words(user: PuschConfig | PdschConfig) -> tuple[_CodeWord, ...]:
    """The transport blocks that a slot of the user carries."""
    if isinstance(user, PuschConfig):
        c_init = pusch_c_init(user.n_rnti, user.scrambling_id)
        return (
            _CodeWord(slice(0, user.n_layers), user.tbs, user.scheme.bits, user.modulation, user.coding, c_init,
                      user.n_coded),
        )  # fmt: skip
    out, first = [], 0
    for q, n in enumerate(user.codeword_layers):
        c_init = pdsch_c_init(user.n_rnti, user.scrambling_id, q)
        out.append(
            _CodeWord(slice(first, first + n), user.tbs[q], user.schemes[q].bits, user.modulations[q], user.coding(q),
                      c_init, user.n_coded[q])
        )  # fmt: skip
        first += n
    return tuple(out)


def data_places(user: PuschConfig | PdschConfig) -> np.ndarray:
    """Places of data, symbol * subcarriers + subcarrier, int64 [n_re]."""
    return _layout(user).data


def _layout(user: PuschConfig | PdschConfig):
    return pusch_layout(user) if isinstance(user, PuschConfig) else pdsch_layout(user)


@functools.lru_cache(maxsize=64)
def _pilots(config: LinkConfig) -> est.Pilots:
    """DM-RS of all layers. Least squares averages over code groups, as receivers do that do not know of other ports;
    LMMSE only where another port shares the resource elements."""
    grids = [_layout(u).dmrs for u in config.users]
    values = np.concatenate([g.values for g in grids])
    used = (values != 0).any(axis=1)
    shared = any((used[i] & used[j]).any() for i in range(len(used)) for j in range(i))
    spread = tuple(int(s) for s in grids[0].spread) if shared or config.estimation == "ls" else (1, 1)
    return est.Pilots(grids[0].symbols, values, *spread)


@functools.lru_cache(maxsize=32)
def _estimator(config: LinkConfig, noise_variance: float) -> est.Estimator:
    delay, power = config.channel.profile_power()
    arguments = (_pilots(config), config.numerology, noise_variance, delay, power, config.channel.assumed_doppler_hz)
    slot = config.users[0].carrier.slot
    if config.estimation == "ls":
        return est.linear_estimator(*arguments, slot=slot)
    block = None if config.block_prb is None else 12 * config.block_prb
    return est.lmmse_estimator(*arguments, slot=slot, block=block, margin=72)


def simulate_slots(config: LinkConfig, snr_db: float, n_slots: int, rng: np.random.Generator) -> LinkCounts:
    """Counts of `n_slots` slots at one signal-to-noise ratio.

    snr_db : mean received power of a data resource element per receive antenna, all layers and users together, over
    N0. rng : everything random comes from it, in one order.
    Raises ArgumentError or DomainError, with the reason, for what cannot be simulated.

    >>> from silla.physics.radio.link.grid import Carrier
    >>> user = PuschConfig(Carrier(n_prb=4), mcs_index=5)
    >>> config = LinkConfig((user,), LinkChannel("awgn"), n_rx=1, estimation="perfect")
    >>> simulate_slots(config, 20.0, 3, np.random.default_rng(0)).block_errors
    0
    """
    if not abs(snr_db) <= _MOST_DB or n_slots < 0:
        raise ArgumentError(
            f"snr_db is {snr_db!r} and n_slots {n_slots!r}; allowed: {-_MOST_DB} to {_MOST_DB} dB, and 0 or more"
        )
    numerology, counts = config.numerology, LinkCounts()
    elements = numerology.n_symbols * numerology.n_subcarriers * config.n_rx * config.n_layers
    batch = max(1, _ELEMENTS // elements)
    for first in range(0, n_slots, batch):
        counts = counts + _batch(config, float(snr_db), min(batch, n_slots - first), rng)
    return counts


def sent_power(user: PuschConfig | PdschConfig) -> float:
    """Sent per resource element of data, over all ports."""
    w = getattr(user, "precoder", None)
    return float(user.n_layers) if w is None else float((np.abs(w) ** 2).sum())


def _batch(config: LinkConfig, snr_db: float, n: int, rng: np.random.Generator) -> LinkCounts:
    """n slots side by side, and their retransmissions."""
    n0 = sum(sent_power(u) for u in config.users) / 10.0 ** (snr_db / 10.0)
    sent = [[_random_bits((n, c.tbs), rng) for c in code_words(u)] for u in config.users]
    counts, left, buffer = LinkCounts(slots=n), np.arange(n), None
    for round_, rv in enumerate(VERSIONS[: config.transmissions]):
        part = [[b[left] for b in blocks] for blocks in sent] if round_ else sent
        found, extra = _transmission(config, n0, part, rv, buffer, rng, count=round_ == 0)
        counts = counts + extra
        wrong = ~found[0][0].ok
        last = round_ + 1 == config.transmissions
        done = np.ones(len(left), bool) if last else ~wrong
        for blocks, results in zip(part, found):
            for b, r in zip(blocks, results):
                counts = counts + _counted(b, r, done, round_ == 0)
        if last or not wrong.any():
            break
        left, buffer = left[wrong], SoftBuffer(found[0][0].buffer.llr[wrong], found[0][0].buffer.n_rows)
    return counts


def _random_bits(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    packed = np.frombuffer(rng.bytes(shape[0] * -(-shape[1] // 8)), np.uint8).reshape(shape[0], -1)
    return np.unpackbits(packed, axis=1, count=shape[1])


def _counted(bits: np.ndarray, found: DecodedTransportBlock, done: np.ndarray, first: bool) -> LinkCounts:
    ok = found.ok
    wrong = done & ~ok
    return LinkCounts(
        blocks=int(done.sum()), block_errors=int(wrong.sum()), first_errors=int((~ok).sum()) if first else 0,
        transmissions=len(ok), code_blocks=found.block_ok[done].size,
        code_block_errors=int((~found.block_ok[done]).sum()), iterations=int(found.iterations.sum()),
        bits=int(done.sum()) * bits.shape[1], bit_errors=int((found.bits[wrong] != bits[wrong]).sum()),
    )  # fmt: skip


def _response(config: LinkConfig, n: int, rng: np.random.Generator) -> tuple[list, list, list[PathChannel]]:
    """Of each user: the channel of its ports and of its layers, [n, n_rx, .., n_symbols or 1, n_subcarriers]; paths."""
    numerology, slot = config.numerology, config.users[0].carrier.slot
    ports = [u.n_ports if isinstance(u, PuschConfig) else u.n_layers for u in config.users]
    drawn = config.channel.draw(len(config.users), config.n_rx, max(ports), n, rng)
    by_port, by_layer = [], []
    for user, n_ports, channel in zip(config.users, ports, drawn):
        if config.domain == "frequency":
            check_numerology(channel, numerology)
        still = not np.any(channel.doppler_hz)
        times = numerology.symbol_times_s(slot)[: 1 if still else None]
        h = frequency_response(channel, times, numerology.subcarrier_hz())[:, :, :n_ports]
        w = getattr(user, "precoder", None)
        by_port.append(h)
        by_layer.append(h if w is None else _precoded(h, np.asarray(w)))
    paths = [PathChannel(c.gain[:, :, :k], c.delay_s, c.doppler_hz) for c, k in zip(drawn, ports)]
    return by_port, by_layer, paths


def _through_time(
    config: LinkConfig, grids: list[np.ndarray], paths: list[PathChannel], n0: float, rng: np.random.Generator
) -> np.ndarray:
    """The received grid by way of the samples: what the prefix does not hold and what fades within a symbol counts.

    Transforms start a little inside the prefix, as receivers' do. Before the slot there is silence.
    """
    numerology, slot = config.numerology, config.users[0].carrier.slot
    early = min(48, int(numerology.cyclic_prefixes(slot).min()) // 2)
    samples = sum(
        apply_time(channel, modulate(grid, numerology, slot=slot), numerology.sample_rate_hz)
        for grid, channel in zip(grids, paths)
    )
    return awgn(demodulate(np.asarray(samples), numerology, slot=slot, early=early), n0, rng)


def _precoded(h: np.ndarray, w: np.ndarray) -> np.ndarray:
    """h W over the ports' axis."""
    return np.tensordot(h, w.astype(np.complex64), axes=([2], [0])).transpose(0, 1, 4, 2, 3)


def _transmission(config: LinkConfig, n0: float, bits: list, rv: int, buffer, rng: np.random.Generator, *, count: bool):
    """([decoded of each code word] of each user, counts of the channel estimate and of hard decisions)."""
    slots = [
        pusch_transmit(u, b[0], rv=rv) if isinstance(u, PuschConfig) else pdsch_transmit(u, tuple(b), rv=rv)
        for u, b in zip(config.users, bits)
    ]
    n = len(bits[0][0])
    by_port, by_layer, paths = _response(config, n, rng)
    grid = slots[0].grid if len(slots) == 1 else np.concatenate([s.grid for s in slots], axis=1)
    h = by_port[0] if len(slots) == 1 else np.concatenate(by_port, axis=2)
    true = by_layer[0] if len(slots) == 1 else np.concatenate(by_layer, axis=2)
    if config.sir_db is not None:
        grid, h = _with_interferer(config, grid, h, rng)
    if config.domain == "time":
        y = _through_time(config, [s.grid for s in slots], paths, n0, rng)
    else:
        y = propagate(grid, h, n0, rng=rng)
    layers = slots[0].layers if len(slots) == 1 else np.concatenate([s.layers for s in slots], axis=1)
    found, extra = _received(config, y, true, layers, n0)
    llrs = _demapped(config, found)
    out = []
    for user, lists in zip(config.users, llrs):
        out.append([
            decode_transport_block(llr, c.tbs, c.bits, rv=rv, buffer=buffer, max_iterations=config.max_iterations,
                                   **c.coding)
            for llr, c in zip(lists, code_words(user))
        ])  # fmt: skip
    if count:
        for slot, lists in zip(slots, llrs):
            words = slot.coded if isinstance(slot.coded, tuple) else (slot.coded,)
            for llr, word in zip(lists, words):
                extra = extra + LinkCounts(
                    coded_bits=llr.size, coded_bit_errors=int(np.count_nonzero((llr < 0) != word.astype(bool)))
                )
    return out, extra


def _with_interferer(config: LinkConfig, grid: np.ndarray, h: np.ndarray, rng: np.random.Generator):
    """One transmit antenna more, with QPSK everywhere."""
    assert config.sir_db is not None
    numerology = config.numerology
    channel = config.channel.draw(1, config.n_rx, 1, len(grid), rng)[0]
    times = numerology.symbol_times_s(config.users[0].carrier.slot)
    other = frequency_response(channel, times, numerology.subcarrier_hz())
    power = sum(sent_power(u) for u in config.users) / 10.0 ** (config.sir_db / 10.0)
    quarter = rng.integers(0, 4, (len(grid), 1, *grid.shape[2:]))
    sent = (np.sqrt(power) * np.exp(0.5j * np.pi * (quarter + 0.5))).astype(np.complex64)
    wide = np.broadcast_to(h, (*h.shape[:3], numerology.n_symbols, h.shape[4]))
    return np.concatenate([grid, sent], axis=1), np.concatenate([wide, other], axis=2)


def _received(config: LinkConfig, y: np.ndarray, true: np.ndarray, layers: np.ndarray, n0: float):
    """(`Detected`, or LLRs of the search, on the whole grid; counts of the channel estimate)."""
    if config.receiver == "genie":
        return _genie(y, true, layers, n0), LinkCounts()
    extra, level = LinkCounts(), n0
    if config.sir_db is not None and config.receiver != "lmmse-irc":
        level = n0 + sum(sent_power(u) for u in config.users) / 10.0 ** (config.sir_db / 10.0)
    if config.estimation == "perfect":
        estimate = est.Estimate(true, np.zeros((true.shape[2], 1, 1), np.float32))
        noise = np.full((1, 1, 1), level, np.float32)
    else:
        estimate = _estimator(config, level)(y)
        noise = (level + estimate.error_variance.sum(axis=0))[None]
        # one element in seven is enough to tell the error
        away = estimate.response[..., ::7] - true[..., ::7]
        parts = away.view(np.float32).ravel()
        extra = LinkCounts(estimate_error=float(np.dot(parts, parts)), estimate_count=away.size)
    h = estimate.response
    if config.receiver == "lmmse-irc":
        bundle = 12 * min(config.irc_bundle_prb, config.numerology.n_prb)
        covariance = est.residual_covariance(y, estimate, _pilots(config), bundle=bundle)
        covariance = covariance + np.float32(1e-3 * n0) * np.eye(config.n_rx, dtype=np.float32)
        return det.lmmse_irc(y, h, covariance), extra
    modulation = code_words(config.users[0])[0].modulation
    if config.receiver == "k-best":
        return k_best(y, h, noise, modulation, k=config.k), extra
    if config.receiver == "ep":
        return expectation_propagation(y, h, noise, modulation), extra
    detect = {"lmmse": det.lmmse, "zero-forcing": det.zero_forcing, "mrc": det.maximum_ratio}[config.receiver]
    return detect(y, h, noise), extra


def _genie(y: np.ndarray, true: np.ndarray, layers: np.ndarray, n0: float) -> det.Detected:
    """Each layer by maximum ratio after all others were taken away."""
    symbols, variance = [], []
    for layer in range(true.shape[2]):
        rest = y.copy()
        for other in range(true.shape[2]):
            if other != layer:
                rest -= true[:, :, other] * layers[:, None, other]
        found = det.lmmse(rest, true[:, :, layer : layer + 1], n0)
        symbols.append(found.symbols)
        variance.append(found.noise_variance)
    return det.Detected(np.concatenate(symbols, axis=1), np.concatenate(variance, axis=1))


def _demapped(config: LinkConfig, found) -> list[list[np.ndarray]]:
    """Descrambled LLRs of each code word of each user: int8 in the decoder's steps, or float."""
    out, first = [], 0
    for user in config.users:
        mine, layout = slice(first, first + user.n_layers), _layout(user)
        first += user.n_layers
        if isinstance(found, det.Detected):
            symbols = gather(found.symbols[:, mine], layout)
            noise = np.maximum(gather(found.noise_variance[:, mine], layout), np.float32(1e-9))
            if isinstance(user, PuschConfig):
                out.append([pusch_llr(user, symbols, noise, method=config.demapping)])
            else:
                out.append(list(pdsch_llr(user, symbols, noise, method=config.demapping)))
        else:
            out.append(_searched(found[:, mine], user, layout))
    return out


def _searched(llr: np.ndarray, user, layout) -> list[np.ndarray]:
    """LLRs [n, layers, n_symbols, n_subcarriers Q_m] in the order of the code words, descrambled, as int8."""
    out = []
    for word in code_words(user):
        grid = llr[:, word.layers].reshape(*llr[:, word.layers].shape[:2], -1, word.bits)
        data = np.moveaxis(grid[:, :, layout.data], -1, 1)  # [n, Q_m, layers, n_re]
        flat_ = np.moveaxis(demap_layers(data), 1, -1).reshape(len(llr), -1)
        sign = np.where(gold(word.c_init, word.n_coded), np.float32(-1), np.float32(1))
        out.append(quantise(flat_ * sign))
    return out
