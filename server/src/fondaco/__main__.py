"""The program `fondaco`."""

import sys

from fondaco import __version__


def main() -> None:
    """Run the command line; `--version` answers without loading it."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"fondaco {__version__}\n")
        return
    from fondaco.cli.program import run  # noqa: PLC0415 (see above)

    run()


if __name__ == "__main__":
    main()
