"""The hall: what more than one collector needs. Knows no collector and no orchestrator."""
