from datetime import UTC, datetime, timedelta

import jwt
import pytest

from api.tokens import ALGORITHM, AUDIENCE, ISSUER, Tokens
from schema.roles import Role, UnauthenticatedError

SECRET = "a secret of the tests, long enough to sign with"
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
        {"exp": None},
        {"iss": "elsewhere"},
        {"aud": "elsewhere"},
        {"sub": None},
        {"sub": 7},
        {"roles": ["emperor"]},
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
