"""What only indexing needs is not paid for by anything else."""

import subprocess
import sys

PROGRAM = """
import sys
import cli.main, flows.cppa_pinecone_sync, flows.wg21_paper_tracker
heavy = {"numpy", "pinecone", "tokenizers", "safetensors", "wordllama"} & sys.modules.keys()
sys.exit(f"imported: {sorted(heavy)}" if heavy else 0)
"""


def test_no_command_and_no_flow_imports_a_model_or_an_sdk_before_it_needs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
