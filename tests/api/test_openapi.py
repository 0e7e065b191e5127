"""`/openapi.json` says what the search endpoints do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.openapi import Refused
from api.search import ENDPOINTS, Found
from schema.roles import Role
from tests.api.application import TOKENS, Api


def bearer(*roles: Role) -> dict[str, str]:
    token = TOKENS.mint("aiko", roles, lifetime=timedelta(minutes=5), now=datetime.now(UTC))
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
async def document(api: Api) -> dict[str, Any]:
    return (await api.client.get("/openapi.json")).json()


def operation(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["paths"][f"/api/search/{name}"]["get"]


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_an_endpoint_takes_a_bearer_token_and_names_its_errors(document: dict[str, Any], name: str) -> None:
    documented = operation(document, name)

    scheme = document["components"]["securitySchemes"][next(iter(documented["security"][0]))]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert set(documented["responses"]) == {"200", "400", "401", "403", "429", "503", "default"}
    assert {parameter["name"] for parameter in documented["parameters"]} == {"q", "limit", "offset", "x-yukyu-lsn"}


@pytest.mark.parametrize(
    ("status", "query", "who"),
    [
        ("200", {"q": "佐藤"}, [Role.VIEWER]),
        ("400", {"q": ""}, [Role.VIEWER]),
        ("400", {}, [Role.VIEWER]),
        ("400", {"q": "佐藤", "limit": "many"}, [Role.VIEWER]),
        ("401", {"q": "佐藤"}, {}),
        ("401", {"q": "佐藤"}, {"authorization": "Basic aGVsbG8="}),
        ("403", {"q": "佐藤"}, []),
    ],
)
async def test_an_answer_has_the_documented_shape(
    api: Api, document: dict[str, Any], status: str, query: dict[str, str], who: list[Role] | dict[str, str]
) -> None:
    headers = bearer(*who) if isinstance(who, list) else who
    response = await api.client.get("/api/search/staff", params=query, headers=headers)

    documented = operation(document, "staff")["responses"][status]["content"]["application/json"]
    shape = Found if status == "200" else Refused
    assert str(response.status_code) == status
    assert documented["schema"]["$ref"].endswith(f"/{shape.__name__}")
    shape.model_validate(response.json(), strict=False, extra="forbid")
    if status != "200":
        assert response.json()["error"]["code"] == documented["example"]["error"]["code"]
