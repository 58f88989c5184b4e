"""What is not to be kept, taken out of what Slack sends."""

import re
from dataclasses import dataclass
from typing import Any

_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
HIDDEN_ADDRESS = "(e-mail)"
_FILE_LINKS = ("url_", "thumb_", "permalink", "preview")


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is left out: addresses of people, links that lead to files."""

    without_emails: bool = False
    without_file_urls: bool = False

    def clean(self, value: Any) -> Any:
        """The value, without the addresses in its texts."""
        return _without_addresses(value) if self.without_emails else value

    def clean_file(self, item: dict[str, Any]) -> dict[str, Any]:
        """A file, without the links."""
        if not self.without_file_urls:
            return item
        return {name: value for name, value in item.items() if not name.startswith(_FILE_LINKS)}

    def clean_answer(self, value: Any) -> Any:
        """A whole answer, whatever it is of: addresses, and links of the files it shows."""
        cleaned = self.clean(value)
        return self._without_links(cleaned) if self.without_file_urls else cleaned

    def _without_links(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._without_links(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = {name: self._without_links(item) for name, item in value.items()}
        files = found.get("files")
        if isinstance(files, list):
            found["files"] = [
                self.clean_file(one) if isinstance(one, dict) else one for one in files
            ]
        return found


def _without_addresses(value: Any) -> Any:
    match value:
        case str():
            return _ADDRESS.sub(HIDDEN_ADDRESS, value)
        case dict():
            return {name: _without_addresses(item) for name, item in value.items()}
        case list():
            return [_without_addresses(item) for item in value]
    return value
