"""Starts a judge: its warm process first, which takes longest and knows of no test, and then the judge itself."""

from .limits import raise_open_files
from .warm_client import Warm


def main() -> None:
    raise_open_files()
    warm = Warm()
    # Not above: the judge loads otter, and so does the warm process meanwhile.
    from . import judge

    judge.run(warm)


if __name__ == "__main__":
    main()
