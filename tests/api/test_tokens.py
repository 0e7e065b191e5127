from datetime import UTC, datetime, timedelta

import jwt
import pytest

from api.tokens import ALGORITHM, AUDIENCE, CLOCK_SKEW, ISSUER, InvalidTokenError, NoSecretError, Rules, Tokens
from schema.roles import Role, UnauthenticatedError

SECRET = "a secret of the tests, long enough to sign with"
OTHER = "another secret of more than thirty-two characters"
HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "aiko", "roles": ["hr"], "iat": NOW, "exp": NOW + timedelta(hours=1)}


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(SECRET)


def test_a_token_says_who_holds_it_and_in_which_roles(tokens: Tokens) -> None:
    identity = tokens.identify(tokens.mint("aiko", [Role.HR], lifetime=timedelta(hours=1), now=NOW))

    assert (identity.name, identity.roles) == ("aiko", (Role.HR,))
    assert identity.expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - timedelta(minutes=1)},
        {"nbf": NOW + timedelta(hours=1)},
        {"exp": None},
        {"iss": "elsewhere"},
        {"aud": "elsewhere"},
        {"sub": None},
        {"sub": 7},
        {"roles": "admin"},
        {"roles": 7},
        {"iat": NOW + timedelta(hours=1)},
    ],
)
def test_a_token_that_is_not_meant_for_now_and_here_is_refused(tokens: Tokens, changes: dict[str, object]) -> None:
    claims = {key: value for key, value in (CLAIMS | changes).items() if value is not None}

    with pytest.raises(UnauthenticatedError):
        tokens.identify(jwt.encode(claims, SECRET, algorithm=ALGORITHM))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "a.b.c",
        "\x00",
        "日本語",
        jwt.encode(CLAIMS, "another secret of more than thirty-two characters", algorithm=ALGORITHM),
        jwt.encode(CLAIMS, None, algorithm="none"),
        jwt.encode(CLAIMS, SECRET * 2, algorithm="HS512"),
    ],
    # Not the tokens themselves, which differ from process to process.
    ids=["empty", "nonsense", "three parts", "nul", "japanese", "another secret", "unsigned", "another algorithm"],
)
def test_a_forged_token_is_refused(tokens: Tokens, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens.identify(token)


def test_a_role_that_is_none_of_ours_is_passed_over(tokens: Tokens) -> None:
    claims = CLAIMS | {"roles": ["emperor", "viewer", 7]}

    assert tokens.identify(jwt.encode(claims, SECRET, algorithm=ALGORITHM)).roles == (Role.VIEWER,)


def test_roles_can_be_in_a_claim_of_a_claim() -> None:
    tokens = Tokens(SECRET, rules=Rules(roles_claim="realm_access.roles"))
    claims = CLAIMS | {"realm_access": {"roles": ["hr"]}, "roles": ["admin"]}

    assert tokens.identify(jwt.encode(claims, SECRET, algorithm=ALGORITHM)).roles == (Role.HR,)
    assert tokens.identify(tokens.mint("aiko", [Role.ADMIN], lifetime=HOUR, now=NOW)).roles == (Role.ADMIN,)
    assert tokens.identify(jwt.encode(CLAIMS | {"realm_access": 7}, SECRET, algorithm=ALGORITHM)).roles == ()


def test_clocks_may_differ_by_half_a_minute(tokens: Tokens) -> None:
    now = datetime.now(UTC)
    for changes in ({"exp": now - timedelta(seconds=15)}, {"nbf": now + timedelta(seconds=25)}):
        tokens.identify(jwt.encode(CLAIMS | changes, SECRET, algorithm=ALGORITHM))


def test_after_a_change_of_the_secret_tokens_of_the_one_before_count_and_none_is_minted_with_it() -> None:
    before, between = Tokens(SECRET), Tokens(OTHER, previous=SECRET)
    old, new = (each.mint("aiko", [Role.HR], lifetime=HOUR, now=NOW) for each in (before, between))

    assert between.identify(old).name == between.identify(new).name == "aiko"
    with pytest.raises(UnauthenticatedError):
        before.identify(new)
    with pytest.raises(UnauthenticatedError):
        Tokens(OTHER).identify(old)


def test_an_issuer_and_an_audience_that_are_set_are_asked_for() -> None:
    ours, theirs = Tokens(SECRET), Tokens(SECRET, rules=Rules(issuer="https://id.example", audience="leave"))
    minted = theirs.mint("aiko", [Role.HR], lifetime=HOUR, now=NOW)

    assert theirs.identify(minted).name == "aiko"
    with pytest.raises(InvalidTokenError) as refused:
        ours.identify(minted)
    assert refused.value.reason in {"wrong issuer", "wrong audience"}


def test_every_token_has_an_id_of_its_own(tokens: Tokens) -> None:
    first, second = (tokens.identify(tokens.mint("aiko", [], lifetime=HOUR, now=NOW)) for _ in range(2))

    assert first.token_id
    assert first.token_id != second.token_id


def test_without_a_secret_nothing_is_minted() -> None:
    with pytest.raises(NoSecretError):
        Tokens(None, keys={}).mint("aiko", [], lifetime=HOUR, now=NOW)


def test_a_token_that_counted_is_remembered_until_other_keys_count(tokens: Tokens) -> None:
    token = tokens.mint("aiko", [Role.HR], lifetime=HOUR, now=NOW)
    first = tokens.identify(token)

    assert tokens.identify(token) is first
    tokens.trust({})
    assert tokens.identify(token) is not first


def test_a_token_is_not_remembered_beyond_its_time(tokens: Tokens) -> None:
    """It counts for a while longer, for clocks that differ, and is looked at anew each time."""
    token = tokens.mint("aiko", [Role.HR], lifetime=HOUR, now=datetime.now(UTC) - HOUR - CLOCK_SKEW / 2)

    assert tokens.identify(token) is not tokens.identify(token)
