"""Leave accounts under Japanese law: what is granted, taken, left and expired."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from db.transfer import TableRow
from jobs.data.sample.calendar import AS_OF, YEARS, moment_in_past
from jobs.data.sample.draw import chance
from jobs.data.sample.rosters import Holder

# Labour Standards Act, article 39: days granted half a year after hiring and every year from then on.
GRANTED = (10, 11, 12, 14, 16, 18, 20)
# The same article: whoever is granted ten days or more has to take five of them.
LEAST_TAKEN = 5
# Article 115: what is not taken within two years of the grant expires.
YEARS_KEPT = 2

HALVES = tuple(Decimal(n) / 2 for n in range(2 * GRANTED[-1] + 1))


@dataclass(frozen=True, slots=True)
class Account:
    """One person's leave in one calendar year: granted and taken are counted in halves of a day."""

    holder: Holder
    year: int
    granted: int
    taken: int


def draw_accounts(holders: Sequence[Holder], rows: int, seed: int) -> Iterator[Account]:
    """Yield as many accounts as there are to be rows, newest year of each person first."""
    random = Random(f"{seed}/accounts")  # noqa: S311 - a sample, not a secret
    every = ((holder, year) for holder in holders for year in YEARS)
    for (holder, year), _ in zip(every, range(rows), strict=False):
        granted = 2 * granted_days(holder.hire_date, year)
        yield Account(holder, year, granted, _taken(random, granted))


def granted_days(hired: date, year: int) -> int:
    """Return what falls due in a year; all get it on the first of January, ahead of time, which the law allows."""
    first_grant = hired.year + (hired.month > 6)  # noqa: PLR2004 - half a year after hiring
    return GRANTED[min(year - first_grant, len(GRANTED) - 1)]


def _taken(random: Random, granted: int) -> int:
    share = (random.random() + random.random()) / 2
    least = 0 if chance(random, 0.04) else 2 * LEAST_TAKEN
    return max(least, min(granted, round(share * granted)))


def account_rows(accounts: Sequence[Account], seed: int) -> Iterator[TableRow]:
    """Yield rows of `employees`."""
    random = Random(f"{seed}/employees")  # noqa: S311 - a sample, not a secret
    for account in accounts:
        holder, year = account.holder, account.year
        left = account.granted - account.taken
        expired = left if year + YEARS_KEPT <= AS_OF.year else 0
        yield (
            f"{holder.number}_{year}", holder.number, holder.name, holder.workplace, HALVES[account.granted],
            HALVES[account.taken], HALVES[left - expired], HALVES[expired], _rate(account.taken, account.granted),
            year, year, _last_updated(random, year),
        )  # fmt: skip


def _last_updated(random: Random, year: int) -> datetime:
    """Return a moment before the books of the year were closed."""
    return moment_in_past(random, 60) - timedelta(days=365 * (AS_OF.year - year))


@cache
def _rate(taken: int, granted: int) -> Decimal:
    return (Decimal(100 * taken) / granted).quantize(Decimal("0.01"))
