"""The client: sends, waits, tries again, and raises what is left in our own terms."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from hashlib import blake2b
from http import HTTPStatus
from typing import Self

import httpx

from services.errors import RateLimited, RecordRejected, SourceTimedOut, SourceUnavailable
from services.http.addresses import Params, linked_url, origin, page_key, redirected, resolve, shown
from services.http.answers import CredentialsRejected, is_used_up, require_usable, wait_asked
from services.http.identities import Identities, Identity, Wanted, identities
from services.http.messages import SAFE_METHODS, Request, Response, Validator
from services.http.observing import Exchange, current_observer
from services.http.settings import Auth, HttpSettings, Surroundings, anonymous
from services.http.tries import Tries
from services.http.validators import NoValidators, Validators
from services.http.wire import Answer, Asking, Wire
from services.prefetch import Sleep
from services.redaction import redact

Check = Callable[[Response], None]

REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)


def accept_any(response: Response) -> None:
    """No complaint."""
    del response


@dataclass(frozen=True, slots=True)
class _Call:
    """A request on its way: where to, for which page, asked with which validator."""

    request: Request
    url: httpx.URL
    accept: str
    known: Validator | None
    check: Check

    keeps_versions: bool

    @property
    def page(self) -> str:
        return page_key(self.url, self.accept)

    @property
    def wanted(self) -> Wanted:
        scope = self.known.scope if self.known else None
        return Wanted(self.url.path, self.request.resource, scope, self.keeps_versions)


class HttpClient:
    """One source over HTTP, for any number of threads; a context manager.

    One client for each source and process: quota and concurrency are bounded within it.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        auth: Auth | Identities = anonymous,
        around: Surroundings | None = None,
    ) -> None:
        self._settings = settings
        self._identities = identities(auth)
        self._around = around or Surroundings()
        self._wire = Wire(settings, self._around.now)
        self._home = origin(httpx.URL(settings.base_url))
        self._tell = current_observer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def get(
        self,
        target: str,
        params: Params | None = None,
        *,
        validators: Validators | None = None,
        check: Check = accept_any,
        resource: str = "core",
    ) -> Response:
        """What is at `target`; see `send`."""
        request = Request(target, params, resource=resource)
        return self.send(request, validators=validators, check=check)

    def send(
        self,
        request: Request,
        *,
        validators: Validators | None = None,
        check: Check = accept_any,
    ) -> Response:
        """The answer, of status 2xx, or 304 where `validators` knew the page.

        What may pass is tried again, when asking twice does no harm: lost and broken answers, 5xx.
        A limit is waited for whatever the request, since a request refused for it was not done.
        `check` sees every answer with a body and raises one of the errors below where an answer of status 200
        is a failure nevertheless; it is treated as if the status had said so.

        Raises:
            SourceUnavailable, SourceTimedOut: after all tries.
            RateLimited: the source wants us to wait longer than a call may.
            AccessDenied: our credentials do not suffice.
            NotFound, RequestRefused: another 4xx.
            RecordRejected: too large, or it leads away from the source.
        """
        call = self._call(request, validators or NoValidators(), check)
        tries = Tries(self._settings, self._around)
        while True:
            who = self._admitted(call, tries)
            try:
                return self._try(call, who, tries)
            except CredentialsRejected as error:
                if not self._identities.retire(who, error):
                    raise
            except RateLimited as error:
                if not (self._another_may_ask(call, tries) or tries.allow_another(error)):
                    raise
            except (SourceUnavailable, SourceTimedOut) as error:
                again = request.may_be_repeated and tries.allow_another(error)
                if not (again and tries.pause(error)):
                    raise

    def address(self, request: Request) -> str:
        """The URL that the request asks for.

        Raises:
            RecordRejected: it is not at the base URL.
        """
        return str(resolve(self._settings.base_url, request.target, request.params))

    def sleeping(self, changed: Callable[[Sleep], Sleep]) -> Self:
        """The same client, connections and quotas included, with its way to sleep `changed`."""
        twin = copy(self)
        twin._around = replace(self._around, sleep=changed(self._around.sleep))  # noqa: SLF001 - a copy of ourselves
        return twin

    def _call(self, request: Request, validators: Validators, check: Check) -> _Call:
        url = resolve(self._settings.base_url, request.target, request.params)
        accept = _merged(self._settings.headers, request.headers).get("accept", "*/*")
        known = validators.find(page_key(url, accept)) if request.method == "GET" else None
        keeps_versions = not isinstance(validators, NoValidators)
        return _Call(request, url, accept, known, check, keeps_versions)

    def _admitted(self, call: _Call, tries: Tries) -> Identity:
        """Who asks, once their quota allows it."""
        while True:
            admitted = self._identities.admit(call.wanted, self._around.now())
            if isinstance(admitted, Identity):
                return admitted
            tries.wait_for_quota(admitted)

    def _another_may_ask(self, call: _Call, tries: Tries) -> bool:
        """Whether somebody else can ask at once; as often as there is somebody."""
        if not tries.allow_switch(self._identities.count):
            return False
        return isinstance(self._identities.admit(call.wanted, self._around.now()), Identity)

    def _try(self, call: _Call, who: Identity, tries: Tries) -> Response:
        resource = call.request.resource
        conditions = _conditions(call, who)
        answer = self._follow(call, {**who.headers, **conditions})
        self._identities.learn(who, resource, answer)
        try:
            require_usable(answer, conditional=bool(conditions))
            response = _response(call, who, answer)
            if not response.not_modified:
                call.check(response)
        except RateLimited as error:
            error.retry_after = tries.limit_seconds(error, wait_asked(answer))
            # A limit on pace, GitHub's "secondary" one, holds for all that an identity asks for.
            limited = resource if is_used_up(answer) else None
            self._identities.close(who, limited, self._around.now(), error.retry_after)
            raise
        if self._tell and call.request.asks_for_data and not response.not_modified:
            self._tell(_exchange(call, response))
        return response

    def _follow(self, call: _Call, own_headers: Mapping[str, str]) -> Answer:
        """The answer at the end of the redirects; credentials stay at the source."""
        url = call.url
        allowed = self._settings.trusted_origins | {self._home}
        for _ in range(self._settings.max_redirects + 1):
            answer = self._wire.exchange(self._asking(call, url, own_headers))
            if not _is_redirect(call, answer):
                return answer
            url = redirected(url, answer.headers["location"], allowed)
        raise RecordRejected(f"{shown(call.url)} redirects without end")

    def _asking(self, call: _Call, url: httpx.URL, own_headers: Mapping[str, str]) -> Asking:
        headers = {"Accept-Encoding": "gzip", "User-Agent": self._settings.user_agent}
        if origin(url) == self._home:
            headers = _merged(headers, self._settings.headers, call.request.headers, own_headers)
        return Asking(call.request.method, url, headers, call.request.content)


def _merged(*parts: Mapping[str, str]) -> dict[str, str]:
    """Later headers in the place of earlier ones, however they are spelt."""
    return {name.lower(): value for part in parts for name, value in part.items()}


def _is_redirect(call: _Call, answer: Answer) -> bool:
    return (
        call.request.method in SAFE_METHODS
        and answer.status in REDIRECTS
        and "location" in answer.headers
    )


def _conditions(call: _Call, who: Identity) -> dict[str, str]:
    """https://www.rfc-editor.org/rfc/rfc9110#section-13.1; what somebody else was told is no use."""
    known = call.known
    if known is None or known.scope != who.scope:
        return {}
    named = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in named.items() if value}


def _response(call: _Call, who: Identity, answer: Answer) -> Response:
    return Response(
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        url=shown(answer.url),
        fetched_at=answer.received_at,
        next_url=linked_url(answer.url, answer.headers, "next"),
        last_url=linked_url(answer.url, answer.headers, "last"),
        validator=_validator(call, who, answer),
    )


def _exchange(call: _Call, response: Response) -> Exchange:
    """A page that is asked for by its body is told from others by it as well."""
    body = call.request.content or b""
    page = f"{call.page}{blake2b(body, digest_size=8).hexdigest()}" if body else call.page
    asked = redact(body.decode("utf-8", "replace"))
    return Exchange(call.request.method, shown(call.url), page, asked, response)


def _validator(call: _Call, who: Identity, answer: Answer) -> Validator | None:
    """None where the source names no version, or one that could not be sent back to it."""
    etag, last_modified = (
        _sendable(answer.headers.get(name)) for name in ("etag", "last-modified")
    )
    if call.request.method != "GET" or not (etag or last_modified):
        return None
    return Validator(call.page, shown(call.url), who.scope, etag, last_modified)


def _sendable(value: str | None) -> str | None:
    return value if value and value.isascii() and value.isprintable() else None
