"""The secret that both ends share for authentication: spent by tags, paid back from keys."""

from __future__ import annotations

from silla.base.errors import DomainError

__all__ = ["KeyPool"]


class KeyPool:
    """Secret bytes, first in, first out, and a hash key that stays.

    initial : the first 16 bytes are the hash key of all tags (a fresh pad hides it each time), the rest is for pads.
    """

    HASH_KEY = 16

    def __init__(self, initial: bytes):
        if len(initial) < self.HASH_KEY:
            raise DomainError(f"key pool: {len(initial)} bytes; the hash key alone takes {self.HASH_KEY}")
        self.hash_key, self._stock = initial[: self.HASH_KEY], bytearray(initial[self.HASH_KEY :])
        self.spent = 0

    def __len__(self) -> int:
        """Bytes left."""
        return len(self._stock)

    def take(self, n: int) -> bytes:
        """n bytes, never given out again. DomainError when there are not as many; nothing is taken then."""
        if n > len(self._stock):
            raise DomainError(
                f"key pool: {n} bytes of authentication key asked for, {len(self._stock)} left; the ends must be given "
                "a new initial secret"
            )
        out = bytes(self._stock[:n])
        del self._stock[:n]
        self.spent += n
        return out

    def put(self, secret: bytes) -> None:
        """Key that was distilled, for later pads."""
        self._stock += secret
