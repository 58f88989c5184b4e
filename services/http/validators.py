"""Where it is known which version of a page has been stored."""

from typing import Protocol

from services.http.messages import Validator


class Validators(Protocol):
    """Finds the validator of a page by `Validator.page`."""

    def find(self, page: str) -> Validator | None:
        """The one stored last; None: the page is to be fetched whatever it is."""


class NoValidators:
    """Nothing is known: every page is fetched."""

    def find(self, page: str) -> Validator | None:
        """Nothing."""
        del page
        return None
