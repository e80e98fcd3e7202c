"""A link in the words of its user: channel, allocation, antennas, receiver by name; checked, made a `LinkConfig`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from silla.base.errors import ArgumentError
from silla.base.rng import stream
from silla.engine.path_files import load_paths
from silla.physics.radio.link.channels_tdl import SPEED_OF_LIGHT
from silla.physics.radio.link.dmrs import Dmrs
from silla.physics.radio.link.grid import Carrier
from silla.physics.radio.link.pdsch import PdschConfig
from silla.physics.radio.link.pusch import PuschConfig
from silla.physics.radio.link.simulate import ESTIMATORS, RECEIVERS, LinkChannel, LinkConfig, simulate_slots
from silla.scenario.suggest import did_you_mean

__all__ = ["CHANNEL_NAMES", "COMPARED", "SCS_KHZ", "LinkSetup", "check_link", "receiver_pair"]

CHANNEL_NAMES = (
    "awgn", "rayleigh", "rician", *(f"tdl-{p}" for p in ("a", "b", "c", "d", "e", "a30", "b100", "c300")),
    *(f"cdl-{p}" for p in "abcde"),
)  # fmt: skip
MAX_RX = 256  # beyond, the correlations of the antennas alone take gigabytes
SCS_KHZ = (15, 30, 60, 120, 240, 480, 960)
COMPARED = ("ls+lmmse", "lmmse+lmmse", "lmmse+lmmse-irc", "lmmse+ep", "lmmse+k-best", "perfect+lmmse", "genie")
_SCALED = re.compile(r"(tdl|cdl)-[a-e]")


@dataclass(frozen=True)
class LinkSetup:
    """What a link campaign is asked for; `config` checks it.

    direction : "uplink" (PUSCH) or "downlink" (PDSCH). channel : one of CHANNEL_NAMES. delay_spread_ns : rms, of the
    profiles that are scaled. speed_km_per_h : of the terminal, or doppler_hz in its place. mcs_table, mcs : TS 38.214.
    dmrs_positions : additional DM-RS symbols, 0 to 3. sir_db : of an interferer, None for none. transmissions : HARQ.
    paths : a file of ray-traced paths (`path_files`) in place of a channel by name; it has Doppler shifts of its own.
    """

    direction: str = "uplink"
    channel: str = "tdl-a"
    delay_spread_ns: float | None = 100.0
    speed_km_per_h: float | None = 3.0
    doppler_hz: float | None = None
    carrier_ghz: float = 3.5
    k_factor_db: float | None = None
    prb: int = 24
    scs_khz: int = 30
    mcs_table: str = "qam64"
    mcs: int = 10
    layers: int = 1
    rx: int = 4
    dmrs_positions: int = 1
    estimation: str = "lmmse"
    receiver: str = "lmmse"
    sir_db: float | None = None
    transmissions: int = 1
    iterations: int = 10
    paths: str | None = None

    @property
    def doppler(self) -> float:
        """Maximum Doppler shift in Hz."""
        if self.doppler_hz is not None:
            return self.doppler_hz
        if self.paths is not None:
            return float(np.abs(load_paths(self.paths).doppler_hz).max())
        return (self.speed_km_per_h or 0.0) / 3.6 * self.carrier_ghz * 1e9 / SPEED_OF_LIGHT

    def link_channel(self) -> LinkChannel:
        """The channel; ArgumentError where there is none of that name, DataFileError for a file that holds no paths."""
        if self.paths is not None:
            if self.doppler_hz is not None:
                raise ArgumentError(f"doppler_hz is {self.doppler_hz:g}, but the paths of {self.paths} have their own")
            down = self.direction == "downlink"
            return LinkChannel("paths", paths=load_paths(self.paths), base_transmits=down)
        if self.channel not in CHANNEL_NAMES:
            meant = did_you_mean(self.channel, CHANNEL_NAMES)
            raise ArgumentError(
                f"channel {self.channel!r} is not known{meant or '; known: ' + ', '.join(CHANNEL_NAMES)}"
            )
        kind, _, profile = self.channel.partition("-")
        if not 0.0 < self.carrier_ghz < 1000.0:
            raise ArgumentError(f"carrier_ghz is {self.carrier_ghz!r}; allowed: above 0, below 1000")
        if kind == "awgn":
            return LinkChannel("awgn")
        if self.doppler_hz is None and self.speed_km_per_h is not None and not 0.0 <= self.speed_km_per_h < np.inf:
            raise ArgumentError(f"speed_km_per_h is {self.speed_km_per_h!r}; allowed: 0 or more, finite")
        _expect_within("k_factor_db", self.k_factor_db, -100.0, 100.0, " dB")
        spread = None
        if _SCALED.fullmatch(self.channel):
            if self.delay_spread_ns is None or not 0.0 <= self.delay_spread_ns < 1e6:
                raise ArgumentError(
                    f"{self.channel} needs its rms delay spread (TR 38.901 clause 7.7.3): delay_spread_ns is "
                    f"{self.delay_spread_ns!r}; allowed: from 0, below 1e6"
                )
            spread = self.delay_spread_ns * 1e-9
        k = self.k_factor_db
        if kind == "rician" and k is None:
            k = 9.0  # the mean of UMa with a line of sight (TR 38.901 Table 7.5-6)
        return LinkChannel(
            kind, profile.upper() or "A", delay_spread_s=spread, doppler_hz=self.doppler, k_factor_db=k,
            carrier_hz=self.carrier_ghz * 1e9, base_transmits=self.direction == "downlink",
        )  # fmt: skip

    def config(self) -> LinkConfig:
        """The link to simulate. ArgumentError or DomainError, with the clause or reason, for what cannot be."""
        if self.direction not in ("uplink", "downlink"):
            raise ArgumentError(f"direction is {self.direction!r}; allowed: uplink, downlink")
        if self.scs_khz not in SCS_KHZ:
            allowed = ", ".join(map(str, SCS_KHZ))
            raise ArgumentError(f"scs_khz is {self.scs_khz!r}; allowed: {allowed} (TS 38.211 Table 4.2-1)")
        _expect_within("rx", self.rx, 1, MAX_RX, " receive antennas")
        _expect_within("iterations", self.iterations, 1, 1000, " of the decoder")
        _expect_within("sir_db", self.sir_db, -100.0, 100.0, " dB")
        if self.layers > self.rx:
            raise ArgumentError(
                f"{self.layers} layers on {self.rx} receive antennas: they cannot be told apart; give at least as many "
                "antennas as layers"
            )
        carrier = Carrier(n_prb=self.prb, numerology=SCS_KHZ.index(self.scs_khz))
        # more than four ports need two DM-RS symbols (TS 38.211 Table 6.4.1.1.3-5)
        dmrs = Dmrs(additional_position=self.dmrs_positions, length=2 if self.layers > 4 else 1)
        user: Any
        if self.direction == "uplink":
            user = PuschConfig(
                carrier, n_layers=self.layers, n_ports=self.layers, mcs_table=self.mcs_table, mcs_index=self.mcs,
                dmrs=dmrs,
            )  # fmt: skip
        else:
            user = PdschConfig(
                carrier, n_layers=self.layers, mcs_table=self.mcs_table, mcs_index=(self.mcs,), dmrs=dmrs
            )
        return LinkConfig(
            (user,), self.link_channel(), n_rx=self.rx, estimation=self.estimation, receiver=self.receiver,
            transmissions=self.transmissions, max_iterations=self.iterations, sir_db=self.sir_db,
        )  # fmt: skip

    def with_receiver(self, name: str) -> LinkSetup:
        """The same link behind another receiver, "estimation+receiver"."""
        estimation, receiver = receiver_pair(name)
        return replace(self, estimation=estimation, receiver=receiver)


def _expect_within(name: str, value: float | None, low: float, high: float, unit: str) -> None:
    if value is not None and not low <= value <= high:
        raise ArgumentError(f"{name} is {value!r}; allowed: {low:g} to {high:g}{unit}")


def receiver_pair(name: str) -> tuple[str, str]:
    """(estimation, receiver) of "ls+lmmse" and the like; "genie" knows the channel."""
    if name == "genie":
        return "perfect", "genie"
    estimation, _, receiver = name.partition("+")
    if estimation not in ESTIMATORS or receiver not in RECEIVERS:
        known = [*(f"{e}+{r}" for e in ESTIMATORS for r in RECEIVERS if r != "genie"), "genie"]
        raise ArgumentError(
            f"receiver {name!r} is not known{did_you_mean(name, known)}; allowed: an estimator ("
            f"{', '.join(ESTIMATORS)}) + a receiver ({', '.join(r for r in RECEIVERS if r != 'genie')}), or genie"
        )
    return estimation, receiver


def check_link(config: LinkConfig) -> None:
    """Nothing, or the reason why the link cannot be simulated: one slot is (Doppler and delays meet the numerology)."""
    simulate_slots(config, 30.0, 1, stream(0, "link-check"))
