"""Asking a machine again: within limits, and with an error that says what happened each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from silla.base.errors import ArgumentError, MachineError

__all__ = ["BadAnswer", "Retry"]

T = TypeVar("T")


class BadAnswer(Exception):
    """A machine answered, and its answer does not fit the question."""


@dataclass(frozen=True)
class Retry:
    """How often and how long a machine is asked.

    attempts : calls in all. timeout_s : of each call. wait_s : before the second call, doubled before each further one.
    transient : exceptions after which another call may help; all others end at once.
    """

    attempts: int = 3
    timeout_s: float = 600.0
    wait_s: float = 1.0
    transient: tuple[type[BaseException], ...] = (TimeoutError, ConnectionError, OSError)

    def __post_init__(self) -> None:
        if self.attempts < 1 or not self.timeout_s > 0 or self.wait_s < 0:
            raise ArgumentError(
                f"a machine is asked once at least, within some time: found attempts {self.attempts}, timeout_s "
                f"{self.timeout_s}, wait_s {self.wait_s}"
            )

    def call(self, work: Callable[[], T], *, machine: str, cancel: Callable[[], Any] | None = None) -> tuple[T, int]:
        """(answer, calls made) of `work`; MachineError when no call gave one.

        `cancel` is called after a time-out. The abandoned call may still end in the background; its answer is dropped.
        """
        said: list[str] = []
        for k in range(self.attempts):
            if k:
                time.sleep(self.wait_s * 2 ** (k - 1))
            try:
                return self._timed(work), k + 1
            except BadAnswer as error:
                said.append(str(error))
            except self.transient as error:
                if isinstance(error, TimeoutError) and cancel is not None:
                    cancel()
                said.append(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
            except Exception as error:
                said.append(f"{type(error).__name__}: {error}")
                raise MachineError(self._message(machine, said, "which another call would not change")) from error
        raise MachineError(self._message(machine, said, "and no call is left"))

    def _message(self, machine: str, said: list[str], why: str) -> str:
        each = "; ".join(f"call {k + 1}: {text}" for k, text in enumerate(said))
        return f"{machine} gave no usable answer ({each}), {why}. No other solver has taken its place"

    def _timed(self, work: Callable[[], T]) -> T:
        box: list[Any] = []

        def run() -> None:
            try:
                box.append((True, work()))
            except BaseException as error:
                box.append((False, error))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.timeout_s)
        if not box:
            raise TimeoutError(f"no answer within {self.timeout_s:g} s")
        good, value = box[0]
        if good:
            return value
        raise value
