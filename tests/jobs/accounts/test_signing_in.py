import asyncio
from pathlib import Path
from time import process_time

import pytest
from sqlmodel import select

from db.control import Revocation, SignIn
from db.control.audit import Origin
from jobs.accounts import administration, names, revoking
from jobs.accounts.signing_in import NOT_SIGNED_IN, WRONG, SignedIn
from jobs.accounts.throttle import WITH_NAME, WITH_PAIR
from tests.jobs.accounts.doing import PASSWORD, Doors

ORIGIN = Origin("192.0.2.1")


async def test_name_and_password_give_tokens_however_the_name_is_typed(doors: Doors) -> None:
    await doors.account("Aiko", roles=["hr", "viewer"])

    signed_in = await doors.sign_in(" ＡIKO ")

    assert isinstance(signed_in, SignedIn)
    assert (signed_in.name, signed_in.roles) == ("aiko", ["hr", "viewer"])
    assert signed_in.access_token == "access token of aiko as hr, viewer"
    assert (signed_in.expires_at - doors.clock()).total_seconds() == 15 * 60
    assert (signed_in.refresh_expires_at - doors.clock()).days == 30


async def test_unknown_name_wrong_password_and_locked_account_are_answered_alike(doors: Doors) -> None:
    await doors.account()
    await doors.account("locked")
    await administration.set_locked(doors.control, "locked", locked=True, by="ken", now=doors.clock())

    answers = [
        await doors.sign_in("nobody"),
        await doors.sign_in(password="something else"),
        await doors.sign_in("locked"),
        await doors.sign_in("", ""),
        await doors.sign_in("x" * 10_000, "y" * 100_000),
        await doors.sign_in("\x00\ud800", "\x00\ud800"),
    ]

    assert answers == [WRONG] * 6


async def test_the_audit_log_tells_failures_apart_and_keeps_no_name_that_may_be_a_password(doors: Doors) -> None:
    await doors.account()
    await doors.sign_in("my password, in the wrong place")
    await doors.sign_in(password="wrong")
    await doors.sign_in()

    told = [each for each in await doors.told() if each[1] == "login"]

    assert sorted(told) == [
        ("aiko", "login", "refused", "wrong password"),
        ("aiko", "login", "succeeded", None),
        ("anonymous", "login", "refused", "unknown name"),
    ]


async def test_an_unknown_name_takes_as_long_as_a_wrong_password(doors: Doors) -> None:
    """Processor time of the comparing threads, which the load of the machine does not change much."""
    await doors.account()
    await doors.hashing.prepare()

    async def seconds(name: str) -> float:
        begun = process_time()
        for _ in range(4):
            await doors.sign_in(name, "wrong")
        return process_time() - begun

    unknown, known = await seconds("nobody"), await seconds("aiko")

    assert 1 / 3 < unknown / known < 3


async def test_after_some_failures_even_the_right_password_has_to_wait_and_then_signs_in(doors: Doors) -> None:
    await doors.account()
    for _ in range(WITH_PAIR.free):
        assert await doors.sign_in(password="wrong") == WRONG

    too_soon = await doors.sign_in()
    doors.clock.goes_on(seconds=1)
    signed_in = await doors.sign_in()

    assert too_soon.code == "TOO_MANY_ATTEMPTS"
    assert "1 seconds" in too_soon.message
    assert isinstance(signed_in, SignedIn)


async def test_a_name_that_nobody_has_is_throttled_like_one_that_somebody_has(doors: Doors) -> None:
    await doors.account()
    for name in ("aiko", "nobody"):
        for _ in range(WITH_PAIR.free):
            await doors.sign_in(name, "wrong")

    assert await doors.sign_in("aiko", "wrong") == await doors.sign_in("nobody", "wrong")


async def test_attempts_at_the_same_moment_count_too(doors: Doors) -> None:
    await doors.account()

    answers = await asyncio.gather(*(doors.sign_in(password="wrong") for _ in range(12)))

    assert sum(answer == WRONG for answer in answers) == WITH_PAIR.free


async def test_whoever_guesses_from_many_addresses_does_not_keep_the_owner_out(doors: Doors) -> None:
    await doors.account()
    await doors.sign_in()
    for number in range(WITH_NAME.free + 5):
        await doors.sign_in(password="wrong", address=f"198.51.100.{number}")

    elsewhere = await doors.sign_in(address="203.0.113.1")
    at_home = await doors.sign_in()

    assert elsewhere.code == "TOO_MANY_ATTEMPTS"
    assert isinstance(at_home, SignedIn)


async def test_a_refresh_token_gives_the_next_one_and_the_roles_of_now(doors: Doors) -> None:
    await doors.account()
    first = await doors.sign_in()
    doors.clock.goes_on(days=29)

    second = await doors.signing_in.refresh(first.refresh_token, origin=ORIGIN)

    assert isinstance(second, SignedIn)
    assert second.refresh_token != first.refresh_token
    assert (second.refresh_expires_at - doors.clock()).days == 30


async def test_a_refresh_token_that_comes_twice_ends_its_sign_in(doors: Doors) -> None:
    await doors.account()
    first = await doors.sign_in()
    second = await doors.signing_in.refresh(first.refresh_token, origin=ORIGIN)
    assert isinstance(second, SignedIn)

    again = await doors.signing_in.refresh(first.refresh_token, origin=ORIGIN)
    afterwards = await doors.signing_in.refresh(second.refresh_token, origin=ORIGIN)

    assert again == afterwards == NOT_SIGNED_IN
    assert await revoked(doors)
    assert ("aiko", "refresh", "refused", "a refresh token came twice; its sign-in was ended") in await doors.told()


async def test_of_two_who_refresh_at_once_one_succeeds(doors: Doors) -> None:
    await doors.account()
    first = await doors.sign_in()

    answers = await asyncio.gather(*(doors.signing_in.refresh(first.refresh_token, origin=ORIGIN) for _ in range(2)))

    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1


async def test_a_refresh_token_ends_after_thirty_days(doors: Doors) -> None:
    await doors.account()
    first = await doors.sign_in()
    doors.clock.goes_on(days=30)

    assert await doors.signing_in.refresh(first.refresh_token, origin=ORIGIN) == NOT_SIGNED_IN


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "x" * 100_000])
async def test_a_refresh_token_that_was_never_given_is_refused(doors: Doors, token: str) -> None:
    assert await doors.signing_in.refresh(token, origin=ORIGIN) == NOT_SIGNED_IN
    assert await doors.signing_in.sign_out(token, origin=ORIGIN) is False


async def test_signing_out_ends_the_sign_in_and_its_access_tokens_once(doors: Doors) -> None:
    await doors.account()
    first, other = await doors.sign_in(), await doors.sign_in()

    assert await doors.signing_in.sign_out(first.refresh_token, origin=ORIGIN) is True
    assert await doors.signing_in.sign_out(first.refresh_token, origin=ORIGIN) is False
    assert await doors.signing_in.refresh(first.refresh_token, origin=ORIGIN) == NOT_SIGNED_IN
    assert isinstance(await doors.signing_in.refresh(other.refresh_token, origin=ORIGIN), SignedIn)
    assert len(await revoked(doors)) == 1


async def test_no_password_and_no_token_stands_in_the_store(doors: Doors, tmp_path: Path) -> None:
    await doors.account()
    signed_in = await doors.sign_in()
    await doors.told()

    stored = b"".join(file.read_bytes() for file in tmp_path.glob("control.sqlite*"))

    assert b"aiko" in stored
    assert PASSWORD.encode() not in stored
    assert signed_in.refresh_token.encode() not in stored


async def revoked(doors: Doors) -> list[Revocation]:
    async with doors.control.reading() as session:
        return list((await session.exec(select(Revocation))).all())


async def test_a_sign_in_that_was_revoked_gives_no_more_tokens(doors: Doors) -> None:
    await doors.account()
    first = await doors.sign_in()
    async with doors.control.reading() as session:
        sign_in = (await session.exec(select(SignIn.id))).one()

    await revoking.revoke(doors.control, sign_in, by="ken", now=doors.clock())

    assert await doors.signing_in.refresh(first.refresh_token, origin=ORIGIN) == NOT_SIGNED_IN


def test_a_name_does_not_grow_by_being_folded() -> None:
    assert len(names.folded("\ufdfa" * 200)) <= 2 * names.LONGEST
