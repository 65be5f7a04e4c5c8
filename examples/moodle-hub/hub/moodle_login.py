"""Log people in by the token that Moodle puts into the address of its activities."""

import logging
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import jwt
from jupyterhub.auth import Authenticator
from jupyterhub.handlers import LoginHandler
from tornado.web import HTTPError, RequestHandler
from traitlets import Unicode, default

PARAMETER = "auth_token"
CLOCKS_DIFFER_BY_SECONDS = 10
# Names become parts of addresses, and names of folders, volumes and containers.
NAME = re.compile(r"\w[\w.@+-]{0,99}")
NO_TOKEN = "Open the activity in Moodle: it brings you here logged in. If you came from there, allow cookies for this site."
BAD_TOKEN = "This login is not valid, or it has expired: open the activity in Moodle again."


def split_token(address: str) -> tuple[str, str | None]:
    """Take the token out of an address: the address without it, and the token."""
    parts = urlsplit(address)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    tokens = [value for name, value in pairs if name == PARAMETER]
    if not tokens:
        return address, None
    kept = urlencode([pair for pair in pairs if pair[0] != PARAMETER])
    return urlunsplit(parts._replace(query=kept)), tokens[-1]


def find_in_address(handler: RequestHandler) -> str | None:
    """Find the token that a page was opened with; the login page also gets it in the page to go on to."""
    own = handler.get_query_argument(PARAMETER, None)
    if own or not isinstance(handler, TokenLoginHandler):
        return own
    return split_token(handler.get_query_argument("next", ""))[1]


def find_token(handler: RequestHandler) -> str | None:
    """Find a token in a request: its address, then the cookie, then the header."""
    header = handler.request.headers.get("Authorization", "")
    return find_in_address(handler) or handler.get_cookie(PARAMETER) or header.removeprefix("Bearer ").strip() or None


def read_name(token: str, secret: str) -> str | None:
    """Read whom a token names; nobody when it is not signed with the secret, has expired, or is meant for another."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], leeway=CLOCKS_DIFFER_BY_SECONDS)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    name = claims.get("name")
    return name if isinstance(name, str) else None


class TokenLoginHandler(LoginHandler):  # type: ignore[misc]
    """Log in by a token, and go on to where it was meant for, without it."""

    def get_next_url(self, user: Any = None, default: str | None = None) -> str:
        address: str = super().get_next_url(user, default)
        return split_token(address)[0]

    def set_login_cookie(self, user: Any) -> None:
        before = self.get_current_user_cookie()
        if before and before.id != user.id:
            # At a shared computer: what the person before left in the browser ends with this login.
            self.clear_login_cookie()
            self.set_session_cookie()
        super().set_login_cookie(user)


class MoodleAuthenticator(Authenticator):  # type: ignore[misc]
    """Logs in whoever brings a token that Moodle signed."""

    secret = Unicode(help="What Moodle signs its tokens with.").tag(config=True)

    @default("auto_login")
    def _log_in_without_a_form(self) -> bool:
        return True

    @default("allow_all")
    def _allow_whom_moodle_names(self) -> bool:
        return True

    @default("auth_refresh_age")
    def _ask_at_every_request(self) -> int:
        return -1

    def get_handlers(self, app: Any) -> list[tuple[str, type[RequestHandler]]]:
        return [("/login", TokenLoginHandler)]

    def validate_username(self, username: str) -> bool:
        return NAME.fullmatch(username) is not None

    async def authenticate(self, handler: RequestHandler, data: Any) -> str:
        token = find_token(handler)
        if token is None:
            raise HTTPError(403, NO_TOKEN)
        name = read_name(token, self.secret)
        if name is None or not self.validate_username(self.normalize_username(name)):
            raise HTTPError(403, BAD_TOKEN)
        return name

    async def refresh_user(self, user: Any, handler: RequestHandler | None = None) -> bool:
        """Tell whether a login still counts: it does not when the request brings a new one."""
        if handler is None:
            return True
        if find_in_address(handler):
            return False
        name = read_name(find_token(handler) or "", self.secret)
        return name is None or self.normalize_username(name) == user.name


class HideTokens(logging.Filter):
    """Keeps tokens in addresses out of the log."""

    pattern = re.compile(rf"({PARAMETER}(?:=|%(?:25)*3[Dd]))[\w.~-]+")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.pattern.sub(r"\1[secret]", record.getMessage()), None
        return True
