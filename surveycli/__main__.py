"""The program `surveycli`, and `python -m surveycli` for launchers that start modules."""

from surveycli.cli.process import begin


def main() -> None:
    """Take charge of signals first, and load the commands then."""
    begin()
    from surveycli.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
