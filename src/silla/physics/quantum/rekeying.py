"""Key that traffic asks for: rekeying by volume and time, one-time pad, message authentication.

A cipher is rekeyed when it has protected `every_byte` or when `every_s` have passed, whichever comes first; both
counters then start again (as IPsec and MACsec lifetimes do). Rates are constant within an epoch, so the times of the
rekeyings are exact, and the counters go on from one epoch to the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from silla.base.errors import ArgumentError, DomainError
from silla.base.provenance import Citation

__all__ = ["CIPHERS", "GCM_LIMITS", "authentication_bit", "cipher_demand_bit", "one_time_pad_bit", "rekey_counts"]

CIPHERS = {"aes-128-gcm": 128, "aes-256-gcm": 256, "chacha20-poly1305": 256, "one-time-pad": 0}

GCM_LIMITS = Citation(
    "sp800-38d",
    "M. Dworkin, Recommendation for Block Cipher Modes of Operation: Galois/Counter Mode (GCM) and GMAC, NIST SP "
    "800-38D (2007), section 8.3: at most 2^32 invocations per key with random 96-bit IVs",
    "https://doi.org/10.6028/NIST.SP.800-38D",
)


def rekey_counts(
    volume_byte: ArrayLike,
    epoch_s: float,
    *,
    every_byte: ArrayLike = np.inf,
    every_s: ArrayLike = np.inf,
    rekey_idle: bool = True,
):
    """Number of rekeyings in each epoch, same shape as `volume_byte` ([..., T]); the key in use at the start is not
    counted.

    Parameters
    ----------
    volume_byte : protected bytes in each epoch. epoch_s : its length. every_byte, every_s : shape [...], the limits;
        infinity switches one off. rekey_idle : whether the clock runs while there is no traffic.

    Raises DomainError for negative volumes or limits that are not positive.

    >>> rekey_counts([10e9, 0.0, 70e9], 900.0, every_byte=64e9, every_s=600.0).tolist()
    [1.0, 2.0, 1.0]
    """
    volume = np.asarray(volume_byte, float)
    every_byte, every_s = (np.broadcast_to(np.asarray(x, float), volume.shape[:-1]) for x in (every_byte, every_s))
    _check(volume, epoch_s, every_byte, every_s)
    counts = np.zeros(volume.shape)
    age_s, used = np.zeros(volume.shape[:-1]), np.zeros(volume.shape[:-1])
    for t in range(volume.shape[-1]):
        counts[..., t], age_s, used = _one_epoch(volume[..., t], epoch_s, every_byte, every_s, age_s, used, rekey_idle)
    return counts


def _one_epoch(volume, epoch_s, every_byte, every_s, age_s, used, rekey_idle):
    """Rekeyings of one epoch, and the counters at its end."""
    rate = volume / epoch_s
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        by_volume = np.where(rate > 0.0, every_byte / rate, np.inf)
        first_by_volume = np.where(rate > 0.0, (every_byte - used) / rate, np.inf)
    clock = (rate > 0.0) | rekey_idle
    first = np.maximum(np.where(clock, np.minimum(every_s - age_s, first_by_volume), np.inf), 0.0)
    period = np.minimum(by_volume, every_s)
    # a rekeying that falls on the boundary, to rounding, belongs to the epoch that ends there
    fires = first <= epoch_s * (1.0 + 1e-12)
    with np.errstate(invalid="ignore"):
        more = np.where(fires, np.floor(np.maximum(epoch_s - first, 0.0) / period * (1.0 + 1e-12)), 0.0)
        since = np.where(fires, np.maximum(epoch_s - first - np.where(more > 0, more * period, 0.0), 0.0), 0.0)
    age = np.where(fires, since, age_s + np.where(clock, epoch_s, 0.0))
    return fires * (1.0 + more), age, np.where(fires, rate * since, used + volume)


def _check(volume, epoch_s, every_byte, every_s) -> None:
    if np.any(~np.isfinite(volume) | (volume < 0.0)):
        raise DomainError("rekeying: a volume is negative or not finite, allowed 0 byte and above")
    if not (np.isfinite(epoch_s) and epoch_s > 0.0):
        raise DomainError(f"rekeying: epoch is {epoch_s:g} s, allowed above 0")
    for name, limit in (("every_byte", every_byte), ("every_s", every_s)):
        if np.any(~(limit > 0.0)):
            raise DomainError(f"rekeying: {name} is {np.min(limit):g}, allowed above 0; infinity switches it off")


def authentication_bit(messages: ArrayLike, tag_bit: int = 128):
    """Key bits that Wegman-Carter authentication of `messages` spends: one fresh `tag_bit` mask each.

    The hash function itself is keyed once and kept (Wegman and Carter, J. Comput. Syst. Sci. 22, 265 (1981)).

    >>> float(authentication_bit(10))
    1280.0
    """
    return np.asarray(messages, float) * float(tag_bit)


def one_time_pad_bit(volume_byte: ArrayLike, *, message_byte: float = 1500.0, tag_bit: int = 128):
    """Key bits of a one-time pad: every bit of traffic, and a tag mask for every message.

    Parameters
    ----------
    volume_byte : any shape. message_byte : bytes authenticated by one tag. tag_bit : 0 leaves authentication out.

    >>> float(one_time_pad_bit(1500.0))
    12128.0
    """
    volume = np.asarray(volume_byte, float)
    if np.any(~np.isfinite(volume) | (volume < 0.0)) or not message_byte > 0.0:
        raise DomainError("one-time pad: volumes must be finite and 0 or above, messages longer than 0 byte")
    return 8.0 * volume + authentication_bit(np.ceil(volume / message_byte), tag_bit)


def cipher_demand_bit(
    volume_byte: ArrayLike,
    epoch_s: float,
    cipher: str,
    *,
    every_byte: ArrayLike = np.inf,
    every_s: ArrayLike = np.inf,
    directions: int = 2,
    message_byte: float = 1500.0,
    tag_bit: int = 128,
):
    """Key bits asked for in each epoch by traffic under `cipher` (a name of `CIPHERS`), shape [..., T].

    A rekeying takes one cipher key for each of `directions`. `volume_byte` counts all directions together.
    Raises ArgumentError for an unknown cipher and for a cipher without any rekeying limit.

    >>> cipher_demand_bit([64e9], 60.0, "aes-256-gcm", every_byte=16e9, directions=1).tolist()
    [1024.0]
    """
    if cipher not in CIPHERS:
        raise ArgumentError(f"rekeying: cipher is {cipher!r}, allowed {', '.join(CIPHERS)}")
    if cipher == "one-time-pad":
        return one_time_pad_bit(volume_byte, message_byte=message_byte, tag_bit=tag_bit)
    if np.any(np.isinf(every_byte) & np.isinf(every_s)):
        raise ArgumentError(f"rekeying: {cipher} has no limit by volume or time; set every_byte or every_s")
    counts = rekey_counts(volume_byte, epoch_s, every_byte=every_byte, every_s=every_s)
    return counts * CIPHERS[cipher] * directions
