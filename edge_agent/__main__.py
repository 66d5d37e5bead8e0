"""``python -m edge_agent``, and what the command ``edge-agent`` runs."""

from edge_agent.cli import main

if __name__ == "__main__":
    main()
