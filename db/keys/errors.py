from db.errors import AppError, SettingError


class KeyRingError(SettingError):
    """The key ring cannot be used; no sentence of it has a key in it."""


class UnknownKeyError(AppError):
    """The ring has no key of this id."""

    code = "DATABASE_UNAVAILABLE"

    def __init__(self, key_id: str, what: str) -> None:
        super().__init__(
            f"{what} is encrypted with the key {key_id}, which is not in the key ring.",
            hint=f"Put the key {key_id} back into the file that YUKYU_KEYS_FILE names; see `yukyu keys list`.",
        )
        self.key_id = key_id
