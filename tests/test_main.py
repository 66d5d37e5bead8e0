"""The command from its first moment on."""

import signal
import subprocess
import sys

INTERRUPTED = """
import importlib.abc, os, signal, sys
class Impatient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "edge_agent.agent":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Impatient())
from edge_agent.__main__ import main
main(["run"])
"""


def test_ctrl_c_while_libraries_are_loaded_leaves_no_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == -signal.SIGINT
    assert ended.stderr == ""


def test_it_runs_as_a_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "edge_agent", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.startswith("edge-agent")
