import pytest

from schema.roles import Role
from tests.api.application import Api


@pytest.fixture(autouse=True)
def nobody_is_signed_in(api: Api) -> None:
    api.client.cookies.clear()


async def test_the_link_signs_an_administrator_in_once(api: Api) -> None:
    link = api.links.make("http://yukyu.test")

    first = await api.client.get(link)
    me = await api.client.post("/graphql", json={"query": "{ me { name roles } }"})
    api.client.cookies.clear()
    second = await api.client.get(link)

    assert (first.status_code, first.headers["location"]) == (303, "/graphql")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert me.json()["data"]["me"] == {"name": "admin", "roles": ["admin"]}
    assert second.status_code == 403
    assert "set-cookie" not in second.headers


async def test_a_code_that_was_never_made_opens_nothing(api: Api) -> None:
    response = await api.client.get("/sign-in", params={"code": "guessed"})

    assert response.status_code == 403
    assert "guessed" not in response.text


async def test_a_pasted_token_signs_in_and_signing_out_forgets_it(api: Api) -> None:
    signed_in = await api.client.post("/sign-in", data={"token": api.token(Role.HR)})
    me = await api.client.post("/graphql", json={"query": "{ me { roles } }"})
    await api.client.post("/sign-out")
    after = await api.client.post("/graphql", json={"query": "{ me { roles } }"})

    assert signed_in.status_code == 303
    assert me.json()["data"]["me"]["roles"] == ["hr"]
    assert after.json()["data"]["me"]["roles"] == []


async def test_a_forged_token_and_a_form_from_elsewhere_are_refused(api: Api) -> None:
    forged = await api.client.post("/sign-in", data={"token": "forged"})
    foreign = await api.client.post(
        "/sign-in", data={"token": api.token(Role.ADMIN)}, headers={"origin": "http://evil.test"}
    )

    for response in (forged, foreign):
        assert response.status_code == 403
        assert "set-cookie" not in response.headers
