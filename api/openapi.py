"""What `/openapi.json` says of the search endpoints beyond what their signatures say: tokens, headers, errors."""

from typing import Any

from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from api.credentials import LSN
from api.errors import STATUS
from db.errors import AppError, BadInputError, DatabaseUnavailableError
from schema.errors import UNEXPECTED, RateLimitedError
from schema.roles import ForbiddenError, Role, UnauthenticatedError

DESCRIPTION = """\
The search endpoints of the application that this replaces, for the clients that it had. Whatever is new asks
[GraphQL](/graphql), which can do all of this and more.
"""

# Says that there are tokens; `api.credentials` is who reads them.
BEARER = HTTPBearer(
    scheme_name="token",
    bearerFormat="JWT",
    description="`yukyu token --role viewer` prints one. A browser that is signed in needs none: its cookie will do.",
    auto_error=False,
)

AFTER = {
    "name": LSN,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "What an earlier answer had in this header, such as 0/16B3748: nothing older is read.",
}


class Problem(BaseModel):
    code: str = Field(description="Which kind of error it is; made for programs.")
    message: str = Field(description="What happened, to what.")
    hint: str | None = Field(description="What to do next, where there is something to say.")


class Refused(BaseModel):
    """Every answer that is not a success."""

    error: Problem


def _refusal(description: str, example: AppError) -> dict[str, Any]:
    problem = Problem(code=example.code, message=example.message, hint=example.hint)
    content = {"application/json": {"example": Refused(error=problem).model_dump()}}
    return {"model": Refused, "description": description, "content": content}


EXAMPLES = (
    (
        "What is asked for cannot be meant.",
        BadInputError("The query is empty.", hint="Type at least one letter or digit."),
    ),
    ("There is no valid token.", UnauthenticatedError()),
    ("The token is valid, and lacks the role `viewer`.", ForbiddenError(Role.VIEWER)),
    (
        "Somebody asks for more at a time than one may; `Retry-After` says when to try again.",
        RateLimitedError("That is more than 600,000 units of one user's cost in 60 seconds."),
    ),
    (
        "No database node can answer now.",
        DatabaseUnavailableError("No database server answers at the moment.", hint="Try again in a few seconds."),
    ),
)

# With "default" among them FastAPI leaves out its own 422, which is never sent: such a request is a 400 here.
RESPONSES: dict[int | str, dict[str, Any]] = {
    **{STATUS[example.code]: _refusal(description, example) for description, example in EXAMPLES},
    "default": _refusal("Anything else, such as an error nobody expected.", AppError(UNEXPECTED)),
}
