"""``python -m harness`` is ``abec``."""

from harness.cli.main import main

if __name__ == "__main__":
    main()
