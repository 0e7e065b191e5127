"""Signs a browser in: by the one-time link that `yukyu up` prints, or by pasting a token."""

import secrets
from datetime import UTC, datetime, timedelta
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.authentication import Authentication
from api.bodies import RequestError, read_body
from api.credentials import SESSION_COOKIE
from api.origin import from_here
from db.control import audit
from schema.roles import ANONYMOUS, Role, UnauthenticatedError

SESSION = timedelta(hours=12)
LONGEST_FORM = 8 * 1024
# As the audit log calls the two ways.
BY_LINK, BY_TOKEN = "sign-in-by-link", "sign-in-by-token"
CONSOLE = "/graphql"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # with "no-referrer" a browser sends the form with `Origin: null`
    "x-content-type-options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign in to YuKyuDATA</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color:#222}}
input,button{{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin-top:.5rem}}
p.error{{color:#a00}}code{{background:#eee;padding:0 .3em}}</style>
<h1>YuKyuDATA</h1>{error}
<p>Paste a token; <code>yukyu token --role admin</code> prints one.</p>
<form method="post" action="/sign-in"><label>Token
<input name="token" type="password" autocomplete="off" autofocus required></label>
<button>Sign in</button></form></html>"""


class SignInLinks:
    """One-time codes that sign an administrator in; they live in this process and are never stored."""

    def __init__(self) -> None:
        self._codes: set[str] = set()

    def make(self, origin: str) -> str:
        """Return a new link below `origin`, an address such as 'http://127.0.0.1:8000'."""
        code = secrets.token_urlsafe(24)
        self._codes.add(code)
        return f"{origin}/sign-in?code={code}"

    def redeem(self, code: str) -> bool:
        if code not in self._codes:
            return False
        self._codes.remove(code)
        return True


def routes(authentication: Authentication, links: SignInLinks) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    journal = authentication.access.journal

    @router.get("/sign-in")
    async def page(request: Request, code: str | None = None) -> Response:
        if code is None:
            return _page()
        origin = authentication.origin_of(request.scope)
        if not links.redeem(code):
            journal.refused(who=ANONYMOUS.name, action=BY_LINK, reason="unknown code", origin=origin)
            return _page("This link was used before, or belongs to another run of the server.")
        now = datetime.now(UTC)
        token = authentication.tokens.mint("admin", [Role.ADMIN], lifetime=SESSION, now=now)
        await authentication.identify_token(token, origin)
        journal.note(who="admin", action=BY_LINK, result=audit.SUCCEEDED, origin=origin)
        return _signed_in(request, token)

    @router.post("/sign-in")
    async def submit(request: Request) -> Response:
        if not from_here(request):
            return _page("The form was sent from another site.")
        try:
            form = await read_body(request, max_bytes=LONGEST_FORM)
            token = parse_qs(form.decode("ascii", "replace")).get("token", [""])[0].strip()
            origin = authentication.origin_of(request.scope)
            identity = await authentication.identify_token(token, origin)
        except (RequestError, UnauthenticatedError) as error:
            return _page(error.message)
        journal.note(who=identity.name, action=BY_TOKEN, result=audit.SUCCEEDED, origin=origin)
        return _signed_in(request, token)

    @router.post("/sign-out")
    async def sign_out() -> Response:
        response = RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
        response.delete_cookie(SESSION_COOKIE)
        return response

    return router


def _page(error: str | None = None) -> HTMLResponse:
    shown = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    status = HTTPStatus.FORBIDDEN if error else HTTPStatus.OK
    return HTMLResponse(PAGE.format(error=shown), status_code=status, headers=HEADERS)


def _signed_in(request: Request, token: str) -> RedirectResponse:
    response = RedirectResponse(CONSOLE, status_code=HTTPStatus.SEE_OTHER, headers=HEADERS)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response
