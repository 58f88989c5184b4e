"""Which channels are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from collectors.cppa_slack_tracker.parsing.records import Channel


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns of names and ids. Private channels need one of their own; the block list wins.

    Conversations of two or a few people are never read.
    """

    allow: tuple[str, ...]
    block: tuple[str, ...]
    private: tuple[str, ...]

    def __contains__(self, channel: Channel) -> bool:
        allowed = {"public_channel": self.allow, "private_channel": self.private}
        names = (channel.channel_id, channel.name)
        wanted = matches(names, allowed.get(channel.kind, ()))
        return wanted and not matches(names, self.block)

    @property
    def kinds(self) -> str:
        """The types of conversations to ask Slack for."""
        return "public_channel,private_channel" if self.private else "public_channel"


def patterns(listed: str) -> tuple[str, ...]:
    """From a list with commas; a leading # is not part of a name."""
    return tuple(part.strip().removeprefix("#") for part in listed.split(",") if part.strip())


def matches(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether any of these names is of any of the patterns, in the same case."""
    return any(fnmatchcase(name, pattern) for pattern in wanted for name in names)
