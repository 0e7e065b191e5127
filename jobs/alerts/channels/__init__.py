"""The ways in which people are told of alerts, one module each."""
