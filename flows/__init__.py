"""The orchestrated side: everything that knows Prefect and runs inside a flow."""

from deployments.secret_blocks import read_secret_block
from services.secret_sources import read_blocks_with

# Whichever flow is loaded: its settings may name blocks.
read_blocks_with(read_secret_block)
