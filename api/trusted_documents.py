"""Documents that were agreed on beforehand: a manifest, and requests that name one instead of sending it."""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, cast

import orjson
from graphql import GraphQLError

from db.errors import AppError, BadInputError, NotFoundError

Mode = Literal["off", "allow", "only"]

LARGEST_BYTES = 16 * 1024**2
MOST_DOCUMENTS = 20_000
LONGEST_ID = 200
APOLLO = "apollo-persisted-query-manifest"
HASHED = "sha256:"
REPORTED = 5


class ManifestError(AppError):
    """The file of trusted documents cannot be used."""


class UnknownDocumentError(AppError):
    """The id is of no trusted document."""

    code = NotFoundError.code

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"There is no trusted document {document_id[:LONGEST_ID]!r}.",
            hint="Publish the client's manifest to the server first: YUKYU_TRUSTED_DOCUMENTS_FILE.",
        )


class UnknownHashError(AppError):
    """The hash is of no trusted document; Apollo's clients know the code and send the document itself."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no trusted document of this hash.", hint="Send the document itself in `query`.")


class UntrustedError(AppError):
    """The document is none of those that are answered here."""

    code = "FORBIDDEN"

    def __init__(self) -> None:
        super().__init__(
            "This server answers trusted documents only, and this is none of them.",
            hint="Send the `documentId` of one; YUKYU_TRUSTED_DOCUMENTS=allow would take others too.",
        )


class TrustedDocuments:
    """What requests may name, by id and by hash.

    Args:
        documents: texts by their ids, as in a manifest.
        mode: whether there are any ('allow'), and whether they are all that is answered ('only').
    """

    def __init__(self, documents: Mapping[str, str] | None = None, *, mode: Mode = "off") -> None:
        self._mode = mode
        given = documents or {}
        hashed = {sha256(text.encode("utf-8")).hexdigest(): text for text in given.values()}
        self._by_hash: dict[str, str] = hashed
        self._by_id: dict[str, str] = {HASHED + key: text for key, text in hashed.items()} | hashed | dict(given)
        self._texts = frozenset(given.values())

    def text_of(self, members: Mapping[str, Any]) -> object:
        """Return what a request asks to be run: the document that it names, or else the `query` that it has.

        Raises:
            UnknownDocumentError: it names one that there is not.
            UnknownHashError: it has the hash of one that there is not, and no document.
            UntrustedError: no other than trusted documents are answered.
            BadInputError: it names one and sends another, or the id is not a string.
        """
        query, document_id = members.get("query"), members.get("documentId")
        if document_id is not None:
            return self._named(document_id, query)
        if query is None and (key := _hash_of(members.get("extensions"))) is not None:
            if key not in self._by_hash:
                raise UnknownHashError
            return self._by_hash[key]
        if self._mode == "only" and not (isinstance(query, str) and query in self._texts):
            raise UntrustedError
        return query

    def _named(self, document_id: object, query: object) -> str:
        if not isinstance(document_id, str):
            raise BadInputError("`documentId` is not a string.")
        if query is not None:
            raise BadInputError("The request has both a `documentId` and a `query`.", hint="Send one of the two.")
        if document_id not in self._by_id:
            raise UnknownDocumentError(document_id)
        return self._by_id[document_id]


def load(path: Path | None, mode: Mode, *, errors_of: Callable[[str], Iterable[GraphQLError]]) -> TrustedDocuments:
    """Return the documents of a manifest; `errors_of` says what keeps a document from being run here.

    Raises:
        ManifestError: the file cannot be read, is no manifest, or has a document that could not be run.
    """
    if mode == "off" or path is None:
        return TrustedDocuments()
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ManifestError(f"The trusted documents in {path} cannot be read: {error.strerror or error}.") from error
    documents = parsed(content)
    problems = [f"{key[:LONGEST_ID]}: {error.message}" for key, text in documents.items() for error in errors_of(text)]
    if problems:
        more = f" And {len(problems) - REPORTED} more." if len(problems) > REPORTED else ""
        raise ManifestError(
            f"Trusted documents in {path} cannot be run here. {' '.join(problems[:REPORTED])}{more}",
            hint="Compile the client against this server's schema: `yukyu schema` prints it.",
        )
    return TrustedDocuments(documents, mode=mode)


def parsed(content: bytes) -> dict[str, str]:
    """Return the documents of a manifest by their ids: an object of texts (Relay), or Apollo's list of operations.

    Raises:
        ManifestError: it is neither, or too large, or one id has two documents.
    """
    if len(content) > LARGEST_BYTES:
        raise ManifestError(f"The manifest is larger than {LARGEST_BYTES // 1024**2} MiB.")
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ManifestError(f"The manifest is not JSON: {error}.") from error
    if not isinstance(manifest, dict):
        raise ManifestError(
            'The manifest is not a JSON object of documents by id, such as {"a1b2": "{ me { name } }"}.'
        )
    documents: dict[str, str] = {}
    for key, text in _entries(cast("dict[str, object]", manifest)):
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_ID:
            raise ManifestError(f"The manifest has an id that is not 1 to {LONGEST_ID} characters: {str(key)[:40]!r}.")
        if not isinstance(text, str) or not text.strip():
            raise ManifestError(f"The manifest has no document for the id {key!r}.")
        if documents.setdefault(key, text) != text:
            raise ManifestError(f"The manifest has two documents for the id {key!r}.")
    if not 0 < len(documents) <= MOST_DOCUMENTS:
        raise ManifestError(f"The manifest has {len(documents)} documents; 1 to {MOST_DOCUMENTS:,} are possible.")
    return documents


def _entries(manifest: Mapping[str, object]) -> Iterable[tuple[object, object]]:
    if manifest.get("format") != APOLLO:
        return manifest.items()
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        raise ManifestError("The manifest is Apollo's, and its `operations` are not a list.")
    return [_apollo(each) for each in cast("list[object]", operations)]


def _apollo(operation: object) -> tuple[object, object]:
    if not isinstance(operation, dict):
        raise ManifestError("The manifest is Apollo's, and one of its operations is not an object.")
    members = cast("dict[str, object]", operation)
    return members.get("id"), members.get("body")


def _hash_of(extensions: object) -> str | None:
    """Return the hash that Apollo's clients send in place of a document."""
    if not isinstance(extensions, dict):
        return None
    persisted = cast("dict[str, object]", extensions).get("persistedQuery")
    key = cast("dict[str, object]", persisted).get("sha256Hash") if isinstance(persisted, dict) else None
    return key if isinstance(key, str) else None
