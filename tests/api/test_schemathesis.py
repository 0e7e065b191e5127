"""Requests that schemathesis makes up from the published descriptions: none is answered by an unexpected error."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from schema.roles import Role
from tests.api.server_process import ServerProcess

bounded = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture
def rest(server: ServerProcess) -> Any:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    return schema.include(path_regex="^/(api|livez|readyz)")


@pytest.fixture
def graphql(server: ServerProcess) -> Any:
    return schemathesis.graphql.from_url(server.graphql, headers={"authorization": server.token("aiko", Role.ADMIN)})


rest_schema = schemathesis.pytest.from_fixture("rest")
graphql_schema = schemathesis.pytest.from_fixture("graphql")


@pytest.mark.long
@rest_schema.parametrize()
@bounded
def test_no_request_to_the_rest_endpoints_is_a_server_error(case: Any, server: ServerProcess) -> None:
    response = case.call(headers={"authorization": server.token("aiko", Role.HR)})

    assert response.status_code < 500, response.text
    assert "INTERNAL_ERROR" not in response.text


@pytest.mark.long
@graphql_schema.parametrize()
@bounded
def test_no_operation_of_the_schema_is_a_server_error(case: Any, server: ServerProcess) -> None:
    response = case.call(headers={"authorization": server.token("aiko", Role.ADMIN, Role.HR)})

    assert response.status_code < 500, response.text
    assert "INTERNAL_ERROR" not in response.text
