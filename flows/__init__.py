"""The orchestrated side: everything that knows Prefect and runs inside a flow."""
