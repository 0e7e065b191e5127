import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values

from tests import clients
from tests.web.serving import Site

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
EXAMPLES = json.loads((WEB / "src" / "examples.json").read_text("utf-8"))
OF_INSTALLATIONS = "Backups and restores"
OPERATION = r"^(?:query|mutation|subscription) (\w+)"


def document(example: dict[str, Any]) -> str:
    return "\n".join(example["query"])


@pytest.fixture(scope="session")
def sdl() -> GraphQLSchema:
    return build_schema((ROOT / "schema" / "schema.graphql").read_text("utf-8"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_an_example_asks_what_the_schema_has(sdl: GraphQLSchema, example: dict[str, Any]) -> None:
    parsed = parse(document(example))
    operation = next(node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))

    assert validate(sdl, parsed) == []
    variables = operation.variable_definitions or ()
    assert {variable.variable.name.value for variable in variables} == set(example["variables"])
    assert not isinstance(get_variable_values(sdl, variables, example["variables"]), list)


@pytest.mark.xdist_group("browser")
async def test_the_server_answers_every_example(console: Site) -> None:
    async with clients.client(headers={"authorization": f"Bearer {console.token('aiko')}"}) as http:
        for example in EXAMPLES:
            if example["group"] == OF_INSTALLATIONS:  # tests/api/test_backups_and_restores.py asks them
                continue
            body = {"query": document(example), "variables": example["variables"]}
            answer = (await http.post(console.graphiql, json=body)).json()

            assert "errors" not in answer, example["title"]


def test_there_is_an_example_of_every_kind_of_question() -> None:
    asked = {
        field for example in EXAMPLES for field in re.findall(r"^  (?:\w+: )?(\w+)", document(example), re.MULTILINE)
    }

    assert {"search", "suggest", "node", "me", "health", "backupStatus", "operationProgress"} <= asked
    assert len(EXAMPLES) >= 12


def test_no_two_examples_have_the_same_title_or_operation() -> None:
    titles = {example["title"] for example in EXAMPLES}
    operations = {name for example in EXAMPLES for name in re.findall(OPERATION, document(example))}

    assert len(titles) == len(operations) == len(EXAMPLES)


def test_every_example_says_what_it_shows_in_one_line() -> None:
    assert all(example["shows"].endswith(".") and len(example["shows"]) < 120 for example in EXAMPLES)


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))

    packages = [package for path, package in lock["packages"].items() if path]
    assert all("resolved" not in package for package in packages)
    assert all(package["integrity"].startswith("sha512-") for package in packages)
