"""Pages by place: newest first, with cursors that outlive the rows around them."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from db.errors import BadInputError
from schema.paging import Place, page_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def listed(*minutes: int) -> list[Place]:
    """Return things of these ages, of which each is its own place."""
    return [Place(NOON - timedelta(minutes=minute), f"id {minute}") for minute in sorted(minutes)]


def itself(place: Place) -> Place:
    return place


def test_pages_joined_are_the_whole_list() -> None:
    items, seen, after = listed(*range(7)), [], None
    while True:
        page = page_of(items, itself, first=3, after=after)
        seen += page.items
        if not page.info.has_next_page:
            break
        after = page.info.end_cursor

    assert seen == items
    assert page.total == 7
    assert page.info.has_previous_page


def test_what_comes_and_goes_between_two_pages_shifts_nothing() -> None:
    first = page_of(listed(1, 2, 3, 4), itself, first=2, after=None)

    second = page_of(listed(0, 1, 3, 4), itself, first=2, after=first.info.end_cursor)  # 0 came, and 2 itself is gone

    assert second.items == listed(3, 4)


def test_things_of_one_moment_are_told_apart_by_their_ids() -> None:
    items = [Place(NOON, key) for key in "cba"]

    page = page_of(items, itself, first=2, after=items[0].cursor)

    assert page.items == items[1:]


def test_an_empty_list_has_an_empty_page() -> None:
    page = page_of([], itself, first=20, after=None)

    assert (page.info.start_cursor, page.info.has_next_page, page.total) == (None, False, 0)


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "é", base64.urlsafe_b64encode(b"2026-11-22 x").decode(), "AAAA", "=" * 50]
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadInputError, match="not a cursor"):
        page_of(listed(1), itself, first=1, after=cursor)


@pytest.mark.parametrize("first", [-1, 0, 101, 10**12])
def test_a_page_has_1_to_100_items(first: int) -> None:
    with pytest.raises(BadInputError, match="1 to 100"):
        page_of(listed(1), itself, first=first, after=None)
