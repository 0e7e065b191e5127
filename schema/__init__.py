"""The GraphQL schema: what can be asked, by whom, and how much at once."""
