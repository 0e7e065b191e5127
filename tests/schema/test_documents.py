"""What remains of a document when it was prepared: of one that is refused, the reasons alone."""

import gc
from collections import Counter

import pytest
from graphql.language import Node, Token

from schema.build import build_schema
from schema.limits import Limits

# Each is refused for another reason: tokens, syntax, depth, complexity, and fields that there are not.
REFUSED = {
    "too many tokens": "{ " + "me { name } " * 1_000 + "}",
    "not GraphQL": "{ me { name " + "aliased: name " * 100,
    "too deep": "{ me " * 30 + "}" * 30,
    "fragments in a circle": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "no such field": "query Asked { me { name nothing } } mutation { nothing }",
}


def alive() -> Counter[str]:
    """Count the parts of documents that something still refers to, or that wait for the garbage collector."""
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, Node | Token))


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_a_refused_document_leaves_its_operations_and_nothing_else(document: str) -> None:
    schema = build_schema(Limits())
    gc.collect()
    before = alive()

    assert schema.errors_of(document)

    left = alive() - before
    assert set(left) <= {"DocumentNode", "OperationDefinitionNode", "SelectionSetNode", "NameNode"}
    assert left["OperationDefinitionNode"] <= 2
