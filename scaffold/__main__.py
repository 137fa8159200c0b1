"""``python -m scaffold``, the same as the console script."""

from scaffold.cli.main import main

if __name__ == "__main__":
    main()
