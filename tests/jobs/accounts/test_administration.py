import pytest

from db.control.audit import Origin
from db.errors import NotFoundError
from jobs.accounts import administration, passwords
from jobs.accounts.errors import AccountExistsError, AccountNameError, PasswordError
from jobs.accounts.signing_in import NOT_SIGNED_IN, WRONG, SignedIn
from tests.jobs.accounts.doing import PASSWORD, Doors

ORIGIN = Origin("192.0.2.1")
NEW = "another horse, another battery"


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 101, "a\x00", "a\nb", "\u200b", "<script>"])
async def test_a_name_that_nobody_can_have_is_refused(doors: Doors, name: str) -> None:
    with pytest.raises(AccountNameError):
        await doors.account(name)


@pytest.mark.parametrize("name", ["aiko", "佐藤", "a.b+c@example.jp", "Ｋｅｎ"])
async def test_names_of_any_script_are_taken(doors: Doors, name: str) -> None:
    await doors.account(name)

    assert isinstance(await doors.sign_in(name), SignedIn)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 1025, "aikoaikoaiko1", "111111111111"])
async def test_a_password_that_breaks_the_rules_is_refused(doors: Doors, password: str) -> None:
    with pytest.raises(PasswordError):
        await doors.account("aikoaikoaiko1", password)


async def test_a_password_may_be_long_and_in_any_script(doors: Doors) -> None:
    long = "長い合い言葉" * 170
    await doors.account(password=long)

    assert isinstance(await doors.sign_in(password=long), SignedIn)
    assert await doors.sign_in(password=long[:-1]) == WRONG


async def test_two_accounts_do_not_differ_by_case_alone(doors: Doors) -> None:
    await doors.account("aiko")

    with pytest.raises(AccountExistsError):
        await doors.account("AIKO")


async def test_another_password_counts_at_once_and_ends_what_was_signed_in(doors: Doors) -> None:
    await doors.account()
    before = await doors.sign_in()

    await administration.set_password(doors.control, "aiko", NEW, hashing=doors.hashing, by="ken", now=doors.clock())

    assert await doors.signing_in.refresh(before.refresh_token, origin=ORIGIN) == NOT_SIGNED_IN
    assert await doors.sign_in(password=PASSWORD) == WRONG
    assert isinstance(await doors.sign_in(password=NEW), SignedIn)


async def test_other_roles_end_what_was_signed_in_with_those_before(doors: Doors) -> None:
    await doors.account(roles=["admin"])
    before = await doors.sign_in()

    await administration.set_roles(doors.control, "aiko", ["viewer"], by="ken", now=doors.clock())
    after = await doors.sign_in()

    assert await doors.signing_in.refresh(before.refresh_token, origin=ORIGIN) == NOT_SIGNED_IN
    assert after.roles == ["viewer"]


async def test_a_locked_account_is_let_in_again_when_it_is_unlocked(doors: Doors) -> None:
    await doors.account()
    before = await doors.sign_in()

    await administration.set_locked(doors.control, "aiko", locked=True, by="ken", now=doors.clock())
    locked = await doors.sign_in()
    await administration.set_locked(doors.control, "aiko", locked=False, by="ken", now=doors.clock())

    assert locked == WRONG
    assert await doors.signing_in.refresh(before.refresh_token, origin=ORIGIN) == NOT_SIGNED_IN
    assert isinstance(await doors.sign_in(), SignedIn)


async def test_a_removed_account_is_gone_with_its_sign_ins(doors: Doors) -> None:
    await doors.account()
    before = await doors.sign_in()

    await administration.remove(doors.control, "aiko", by="ken", now=doors.clock())

    assert await administration.listing(doors.control) == []
    assert await doors.sign_in() == WRONG
    assert await doors.signing_in.refresh(before.refresh_token, origin=ORIGIN) == NOT_SIGNED_IN


async def test_an_account_that_is_not_there_is_said_so(doors: Doors) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        await administration.set_locked(doors.control, "nobody", locked=True, by="ken", now=doors.clock())


async def test_every_change_is_in_the_audit_log_with_who_made_it(doors: Doors) -> None:
    await doors.account()
    now = doors.clock()
    await administration.set_roles(doors.control, "aiko", ["hr"], by="ken", now=now)
    await administration.set_password(doors.control, "aiko", NEW, hashing=doors.hashing, by="ken", now=now)
    for locked in (True, False):
        await administration.set_locked(doors.control, "aiko", locked=locked, by="ken", now=now)
    await administration.remove(doors.control, "aiko", by="ken", now=now)

    told = await doors.told()

    actions = ["add-user", "set-user-roles", "set-user-password", "lock-user", "unlock-user", "remove-user"]
    assert [(who, action) for who, action, _, _ in told] == [("ken", action) for action in actions]


def test_passwords_are_hashed_with_argon2id() -> None:
    assert passwords.HASHING.hash(PASSWORD).startswith("$argon2id$v=19$m=47104,t=1,p=1$")
