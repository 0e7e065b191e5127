"""Why an account cannot be made or changed as asked."""

from db.errors import AppError, BadInputError


class AccountNameError(BadInputError):
    """The name cannot be that of an account."""


class PasswordError(BadInputError):
    """The password does not keep the rules."""


class AccountExistsError(BadInputError):
    """There is an account of this name."""


class NoControlStoreError(AppError):
    """Accounts are in the control store, and this server has none."""

    code = "NOT_FOUND"

    def __init__(self) -> None:
        super().__init__(
            "This server has no control store, which is where accounts are kept.",
            hint="Serve an installation (`yukyu up`, `yukyu serve --data-dir DIR`), or set YUKYU_CONTROL_URL.",
        )
