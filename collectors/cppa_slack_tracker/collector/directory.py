"""Who is in the team, and which channels there are."""

from dataclasses import dataclass

from collectors.cppa_slack_tracker.collector.workplace import Workplace
from collectors.cppa_slack_tracker.parsing.selection import Selection, patterns
from collectors.cppa_slack_tracker.services.channels import mark_gone, store_channels
from collectors.cppa_slack_tracker.services.teams import store_users
from collectors.cppa_slack_tracker.settings import SlackSettings


def selection(settings: SlackSettings) -> Selection:
    """The channels that the settings want to be read."""
    lists = (settings.allow, settings.block, settings.private)
    return Selection(*(patterns(one) for one in lists))


@dataclass(frozen=True)
class Directory:
    """The lists of a team."""

    place: Workplace

    def refresh(self) -> None:
        """Bring users and channels to what Slack lists."""
        self.place.run.progress.say(f"{self.place.team.name}: users and channels")
        self._read_users()
        self._read_channels()

    def _read_users(self) -> None:
        place = self.place
        for page in place.client.users():
            with place.run.transaction() as session:
                users, tables = store_users(session, place.number, place.team.team_id, page.items)
                letters = place.set_aside(session, page.rejected, list="users")
            place.users |= users
            place.count(len(page.items) + len(letters), tables, len(letters))

    def _read_channels(self) -> None:
        """Channels of two or a few people are not asked for; should Slack list one, it is left out."""
        place, wanted = self.place, selection(self.place.settings)
        kinds = wanted.kinds.split(",")
        listed: list[str] = []
        is_doubtful = False
        for page in place.client.channels(wanted.kinds):
            channels = [one for one in page.items if one.kind in kinds]
            selected = [one.channel_id for one in channels if one in wanted]
            with place.run.transaction() as session:
                tables = store_channels(session, place.number, channels, selected)
                letters = place.set_aside(session, page.rejected, list="channels")
            listed += [channel.channel_id for channel in channels]
            is_doubtful = is_doubtful or bool(letters)
            place.count(len(channels) + len(letters), tables, len(letters))
        if not is_doubtful:
            self._mark_gone(listed)

    def _mark_gone(self, listed: list[str]) -> None:
        """Also private ones that are not asked for any more: they are not listed either."""
        with self.place.run.transaction() as session:
            tables = mark_gone(session, self.place.number, listed)
        self.place.count(0, tables)
