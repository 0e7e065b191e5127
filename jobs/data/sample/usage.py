"""The days taken from leave accounts, and the requests behind some of them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from db.transfer import TableRow
from jobs.data.sample.accounts import HALVES, Account
from jobs.data.sample.calendar import AS_OF, office_hours, working_days
from jobs.data.sample.draw import Draw, chance, whole

FULL, HALF = 2, 1
HOURS_A_DAY = 8

# Requests came with the last version of the old application: only days of the last year have any.
_REQUESTED_SHARE = 0.2
_REJECTED_SHARE = 0.05
_PENDING_SHARE = 0.03
_REASONS = Draw(
    ["私用のため", "通院のため", "家族の都合", "子供の学校行事", "帰省のため", "役所手続き", "体調不良", None]
)
_APPROVERS = Draw(["人事課長", "製造部長", "営業所長", "総務課"])
_HALF_DAYS = Draw(["half_am", "half_pm"])


def usage_rows(accounts: Sequence[Account], seed: int, requests: list[TableRow]) -> Iterator[TableRow]:
    """Yield rows of `yukyu_usage_details`, adding those of `leave_requests` to `requests`.

    The days of an account add up to what was taken from it, and lie in its year.
    """
    random = Random(f"{seed}/usage")  # noqa: S311 - a sample, not a secret
    for account in accounts:
        holder = account.holder
        for day, halves in _days_taken(random, account):
            entered = office_hours(random, day)
            yield (
                f"{holder.number}_{day.isoformat()}", holder.number, holder.name, day, day.year, day.month,
                HALVES[halves], entered,
            )  # fmt: skip
            if account.year == AS_OF.year and chance(random, _REQUESTED_SHARE):
                requests.append(_approved(random, account, day, halves))
        if account.year == AS_OF.year:
            requests.extend(_not_approved(random, account))


def _days_taken(random: Random, account: Account) -> Iterator[tuple[date, int]]:
    """Yield distinct working days in order, spread over the year, with the halves taken on each."""
    halves = account.taken % 2 + (2 if chance(random, 0.15) and account.taken > FULL else 0)
    full = (account.taken - halves) // FULL
    count = full + halves
    calendar = working_days(account.year)
    for n in range(count):
        # One day out of each of as many stretches of the year as there are days to take.
        first, last = n * len(calendar) // count, (n + 1) * len(calendar) // count - 1
        day = calendar[whole(random, first, last)]
        # The half days come as evenly among the whole ones as whole numbers allow.
        is_half = (n + 1) * halves // count > n * halves // count
        yield day, HALF if is_half else FULL


def _approved(random: Random, account: Account, day: date, halves: int) -> TableRow:
    asked = office_hours(random, day - timedelta(days=whole(random, 1, 21)))
    answered = _answered(random, asked)
    return _request(random, account, day, halves, asked, ("APPROVED", _APPROVERS(random), answered))


def _not_approved(random: Random, account: Account) -> Iterator[TableRow]:
    """Yield requests that took nothing from the account: one that was declined, one still waiting for its answer."""
    if chance(random, _REJECTED_SHARE):
        day = working_days(account.year)[whole(random, 40, 200)]
        asked = office_hours(random, day - timedelta(days=whole(random, 2, 14)))
        answer = ("REJECTED", _APPROVERS(random), _answered(random, asked))
        yield _request(random, account, day, FULL, asked, answer)
    if chance(random, _PENDING_SHARE):
        day = working_days(account.year)[-whole(random, 1, 8)]
        asked = office_hours(random, AS_OF - timedelta(days=whole(random, 1, 5)))
        yield _request(random, account, day, FULL, asked, ("PENDING", None, None))


def _answered(random: Random, asked: datetime) -> datetime:
    """Return a moment on the same day, after the office has closed for everybody but the approver."""
    return asked.replace(hour=18) + timedelta(minutes=whole(random, 0, 90))


def _request(  # noqa: PLR0913, PLR0917 - what a row of the table is made of
    random: Random,
    account: Account,
    day: date,
    halves: int,
    asked: datetime,
    answer: tuple[str, str | None, datetime | None],
) -> TableRow:
    holder = account.holder
    status, approver, answered = answer
    wage = holder.hourly_wage
    cost = None if wage is None else Decimal(wage * HOURS_A_DAY * halves) / FULL
    return (
        f"{holder.number}_{day.isoformat()}_{status.lower()}", holder.number, holder.name, day, day, HALVES[halves],
        HALVES[0], "full" if halves == FULL else _HALF_DAYS(random), _REASONS(random), status, asked, approver,
        answered, day.year, wage, cost, asked,
    )  # fmt: skip
