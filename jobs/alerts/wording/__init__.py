"""Alerts in words, in English and in Japanese; everything that differs between the two is in the YAML files beside."""

from jobs.alerts.wording.wording import Language, Wording

__all__ = ["Language", "Wording"]
