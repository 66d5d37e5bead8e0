"""``python -m edge_agent``, and what the command ``edge-agent`` runs."""

import signal


def main() -> None:
    """Runs the command line; a Ctrl-C while its libraries load, seconds on a small box, leaves no traceback."""
    interrupted = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from edge_agent.cli import main as command  # noqa: PLC0415 - what takes the seconds

    signal.signal(signal.SIGINT, interrupted)
    command()


if __name__ == "__main__":
    main()
