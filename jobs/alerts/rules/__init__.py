"""Every rule there is. A new one: one constant in one of these modules, and its name here."""

from collections.abc import Sequence

from jobs.alerts.rule import Rule
from jobs.alerts.rules import servers

RULES: Sequence[Rule] = (servers.PRIMARY_DOWN,)
