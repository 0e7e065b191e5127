"""`yukyu schema`: the GraphQL schema as text."""

import typer

from schema.build import build_schema


def schema() -> None:
    """Print the GraphQL schema in the schema definition language.

    Example: `yukyu schema > schema.graphql`
    """
    typer.echo(build_schema().as_str())
