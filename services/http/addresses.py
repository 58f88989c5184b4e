"""Addresses: where a request goes, whether it may go there, and where the next page is."""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b

import httpx

from services.errors import RecordRejected
from services.redaction import redact

Params = Mapping[str, str | int]

_SCHEME = re.compile(r"[a-z][a-z\d+.-]*://", re.IGNORECASE)
_LINK = re.compile(r"""<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)""")
_REL = re.compile(r""";\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)
"""https://www.rfc-editor.org/rfc/rfc8288#section-3; `rel` may hold several words."""
_NUMBER = re.compile(r"(?<=[?&])page=(\d{1,9})(?=&|$)")
_CURSOR = re.compile(r"[?&](?:after|before|cursor)=")


def origin(url: httpx.URL) -> str:
    """Scheme, host and port: what credentials belong to. A default port is left out."""
    return f"{url.scheme}://{url.netloc.decode()}"


def resolve(base: str, target: str, params: Params | None = None) -> httpx.URL:
    """`target` under `base`: a path is put behind the path of `base`, a URL stands for itself.

    Raises:
        RecordRejected: the URL leads elsewhere than `base`, where our credentials must not go, or
            is none.
    """
    home = _home(base)
    url = _join(home, target if _SCHEME.match(target) else target.lstrip("/"))
    if origin(url) != origin(home) or url.userinfo:
        raise RecordRejected(f"{shown(url)} is not at {origin(home)}: not followed")
    return url.copy_merge_params(dict(params)) if params else url


@lru_cache(maxsize=64)
def _home(base: str) -> httpx.URL:
    return httpx.URL(base.rstrip("/") + "/")


def redirected(url: httpx.URL, location: str, allowed: frozenset[str]) -> httpx.URL:
    """Where a redirect leads.

    Raises:
        RecordRejected: none of the `allowed` origins, or no address at all.
    """
    target = _join(url, location)
    if origin(target) not in allowed or target.userinfo:
        raise RecordRejected(f"{shown(url)} redirects to {origin(target)}: not followed")
    return target


def linked_url(url: httpx.URL, headers: Mapping[str, str], relation: str) -> str | None:
    """Where the `Link` header says that the page of this relation is, e.g. the `next`, the `last`."""
    for target, parameters in _LINK.findall(headers.get("link", "")):
        found = _REL.search(parameters)
        if found and relation in (found[1] or found[2] or "").lower().split():
            return str(_join(url, target))
    return None


def numbered_after(url: str, last_url: str | None, most: int) -> list[str]:
    """The pages that should follow `url`, up to the last one; none where they are not numbered.

    A listing that goes on by a cursor has a number beside it at GitHub, which says nothing.
    """
    here, last = _page_number(url), _page_number(last_url or "")
    if here is None or last is None:
        return []
    numbers = range(here + 1, min(here + most, last) + 1)
    return [_NUMBER.sub(f"page={number}", url) for number in numbers]


def _page_number(url: str) -> int | None:
    number = _NUMBER.search(url)
    return int(number[1]) if number and not _CURSOR.search(url) else None


def shown(url: httpx.URL) -> str:
    """The URL for people: without secrets."""
    return redact(str(url))


def page_key(url: httpx.URL, accept: str) -> str:
    """What tells one page from all others in one representation, without showing its URL."""
    return blake2b(f"{accept}\n{url}".encode(), digest_size=16).hexdigest()


def _join(base: httpx.URL, target: str) -> httpx.URL:
    try:
        return httpx.URL(target) if _SCHEME.match(target) else base.join(target)
    except httpx.InvalidURL as error:
        raise RecordRejected(f"an address given by {shown(base)} is none: {error}") from error
