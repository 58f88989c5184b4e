"""What `bdc serve` and `bdc status` tell: freshness, runs, workers, schedule; read, never written."""
