"""The error tree, by whose fault it is.

    SillaError
    ├── InputError            what the user gave cannot be used            exit code 2
    │   ├── ScenarioError     the scenario file (file:line path: what)
    │   ├── DataFileError     a file that the scenario names
    │   ├── ArgumentError     a command-line argument or a library argument
    │   ├── DomainError       a quantity outside a model's validity range
    │   └── MissingExtra      an optional dependency that is not installed
    ├── StoreError            the disk: full, read-only, not ours           exit code 2
    ├── RunError              a task of a run failed                        exit code 1
    └── MachineError          a machine or service beyond this one failed   exit code 1

A message says what is wrong, where, what was found, what is allowed and what to do.
"""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "DataFileError",
    "DomainError",
    "InputError",
    "MachineError",
    "MissingExtra",
    "RunError",
    "ScenarioError",
    "SillaError",
    "StoreError",
]


class SillaError(Exception):
    """Base of every error that silla raises on purpose."""

    exit_code = 1


class InputError(SillaError):
    """What the user gave cannot be used."""

    exit_code = 2


class ScenarioError(InputError):
    """One or more faults in a scenario; `problems` holds one line for each."""

    def __init__(self, problems: list[str] | str):
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self):
        return type(self), (self.problems,)


class DataFileError(InputError):
    """A file named by the scenario is missing, unreadable or malformed."""


class ArgumentError(InputError):
    """An argument has a value that is not allowed."""


class DomainError(InputError):
    """A quantity lies outside the validity range of the model asked for."""


class MissingExtra(InputError):
    """An optional dependency is needed and not installed."""

    def __init__(self, package: str, extra: str, purpose: str):
        self.package, self.extra, self.purpose = package, extra, purpose
        super().__init__(f"{purpose} needs the package {package!r}: pip install 'silla[{extra}]'")

    def __reduce__(self):
        return type(self), (self.package, self.extra, self.purpose)


class StoreError(SillaError):
    """Results could not be written or read; what was there before is untouched."""

    exit_code = 2


class RunError(SillaError):
    """Tasks of a run failed; `failures` maps task id to the reason."""

    def __init__(self, message: str, failures: dict[str, str] | None = None):
        self.message, self.failures = message, dict(failures or {})
        super().__init__(message)

    def __reduce__(self):
        return type(self), (self.message, self.failures)


class MachineError(SillaError):
    """A machine or a service that was asked gave no usable answer within the calls allowed."""
