"""The one way to a source over HTTP: bounded, patient within limits, silent about credentials."""
