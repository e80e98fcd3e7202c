"""One fault of a scenario as one line of text that also knows its file, line and path."""

from __future__ import annotations

from silla.base.errors import ScenarioError

__all__ = ["Problem", "fault", "show_path"]

MAX_MESSAGE = 400


class Problem(str):
    """``file:line path: message``; a string, so that a ScenarioError carries it and any program can print it.

    Attributes
    ----------
    file : the file's name as the user gave it, or the command-line option that set the value.
    line : line in that file, from 1; 0 when it has none.
    path : where in the scenario, such as ``sites[0].cells[2].azimuth_deg``; empty for the whole.
    message : what is wrong, what is allowed, what to do.
    """

    file: str
    line: int
    path: str
    message: str

    def __new__(cls, file: str, line: int, path: str, message: str) -> Problem:
        place = f"{file}:{line}" if line else file
        self = super().__new__(cls, f"{place} {path}: {message}" if path else f"{place}: {message}")
        self.file, self.line, self.path, self.message = file, line, path, message
        return self

    def __reduce__(self):
        return type(self), (self.file, self.line, self.path, self.message)

    def as_dict(self) -> dict[str, str | int | None]:
        """The parts, for JSON; `line` is None when there is none."""
        return {"file": self.file, "line": self.line or None, "path": self.path, "message": self.message}


def fault(file: str, message: str, *, line: int = 0, path: str = "") -> ScenarioError:
    """A ScenarioError with a single problem; a message that quotes too much of the file is cut."""
    if len(message) > MAX_MESSAGE:
        message = f"{message[: MAX_MESSAGE // 2]} ... {message[-MAX_MESSAGE // 4 :]}"
    return ScenarioError([Problem(file, line, path, message)])


def show_path(path: tuple[str | int, ...]) -> str:
    """``("sites", 0, "height_m")`` as ``sites[0].height_m``; keys that are not plain words are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = part if part and all(c.isalnum() or c in "_-" for c in part) else repr(part)
            text += f".{word}" if text else word
    return text
