"""``python -m silla`` is the command ``silla``."""

from silla.cli import main

if __name__ == "__main__":
    main()
