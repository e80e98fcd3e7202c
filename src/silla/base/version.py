"""The version of the program; part of every task's hash."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
