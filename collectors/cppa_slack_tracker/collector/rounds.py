"""Which channels a run reads, in which order, and what it makes of those that Slack refuses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial

from collectors.cppa_slack_tracker.client.refusals import Refused
from collectors.cppa_slack_tracker.collector.budget import Sweep, kept_sweep
from collectors.cppa_slack_tracker.collector.events import note_read, take_hints
from collectors.cppa_slack_tracker.collector.histories import ChannelHistory, always
from collectors.cppa_slack_tracker.collector.members import refresh_members
from collectors.cppa_slack_tracker.collector.threads import ChannelThreads
from collectors.cppa_slack_tracker.collector.workplace import Workplace
from collectors.cppa_slack_tracker.parsing.history import BEGINNING, Stretch
from collectors.cppa_slack_tracker.services import threads as ledger
from collectors.cppa_slack_tracker.services.channels import (
    KnownChannel,
    selected_channels,
    set_state,
)
from services.errors import CollectorError
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult

SWEEP = "sweep"
RECHECK = "recheck"
NOT_READ = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
READ = "read"
SHOWN = 20


class ChannelsFailed(CollectorError):
    """Some channels could not be read, all others were; the cause is the first failure."""

    def __init__(self, failures: dict[str, Refused]) -> None:
        told = "; ".join(f"#{name}: {error}" for name, error in failures.items())
        super().__init__(f"not read: {told}")


@dataclass
class Round:
    """One run over the channels of a team; `chosen` are the only ones it reads, if any."""

    place: Workplace
    chosen: Sequence[str] = ()
    not_read: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, Refused] = field(default_factory=dict)

    def read_all(self) -> CollectResult:
        """Every channel with its threads; then threads that nothing is told of.

        Raises:
            ChannelsFailed: Slack refuses channels for a reason that is no state of theirs.
        """
        take_hints(self.place, self._selected())
        channels, sweep = self._channels(), self._sweep()
        self.place.run.progress.expect(len(channels), "channels")
        for channel in _from(channels, sweep.channel):
            self._read(channel, partial(self._read_channel, sweep=sweep))
        self._keep(SWEEP, sweep.as_cursor())
        self._recheck(channels)
        return self._result()

    def follow_events(self) -> CollectResult:
        """What events speak of, and nothing else.

        Raises:
            ChannelsFailed: as `read_all`.
        """
        spoken_of = take_hints(self.place, self._selected())
        for channel in self._channels():
            if channel.channel_id in spoken_of:
                self._read(channel, self._read_missing)
        return self._result()

    def read_again(self, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """All of the chosen channels, and the threads that the letters name.

        Raises:
            ChannelsFailed: as `read_all`.
        """
        threads = {
            (str(letter.payload["channel"]), str(letter.payload["thread"]))
            for letter in letters
            if "thread" in letter.payload
        }
        for channel in self._channels():
            with self.place.run.transaction() as session:
                named = [ts for where, ts in threads if where == channel.channel_id]
                ledger.ask_for(session, channel.number, named)
            self._read(channel, self._read_whole)
        return self._result()

    def _channels(self) -> list[KnownChannel]:
        return [one for one in self._selected() if not self.chosen or self._is_chosen(one)]

    def _selected(self) -> list[KnownChannel]:
        with self.place.run.transaction() as session:
            return selected_channels(session, self.place.number)

    def _is_chosen(self, channel: KnownChannel) -> bool:
        names = (channel.channel_id, channel.name)
        wanted = [pattern.removeprefix("#") for pattern in self.chosen]
        return any(fnmatchcase(name, pattern) for pattern in wanted for name in names)

    def _read(self, channel: KnownChannel, read: Callable[[KnownChannel], None]) -> None:
        """A channel that is closed to us is so until somebody lets us in; the others go on."""
        self.place.run.progress.say(f"#{channel.name}")
        state = READ
        try:
            read(channel)
        except Refused as error:
            state = error.code
            if state in NOT_READ:
                self.not_read.setdefault(state, []).append(channel.name)
            else:
                self.failures[channel.name] = error
        if channel.name not in self.failures:
            note_read(self.place, channel)
        if state == channel.state:
            return
        with self.place.run.transaction() as session:
            tables = set_state(session, channel.number, state)
        self.place.count(0, tables)

    def _read_channel(self, channel: KnownChannel, *, sweep: Sweep) -> None:
        """New messages, old ones while the sweep lasts, threads, members.

        A channel that is archived stays as it is once it is stored whole.
        """
        if channel.state == "not_in_channel" and not channel.is_member:
            raise Refused("conversations.history", channel.state)
        messages = ChannelHistory(self.place, channel)
        if not (channel.is_archived and messages.history.is_closed):
            self._read_messages(messages, sweep)
        self._threads(messages).read_due(self.place.alive_since)
        refresh_members(self.place, messages)
        if channel.is_archived:
            messages.close()

    def _read_messages(self, messages: ChannelHistory, sweep: Sweep) -> None:
        channel_id = messages.channel.channel_id
        is_resumed = sweep.channel == channel_id and bool(sweep.below) and not sweep.stopped
        below = sweep.below

        def go_on(reached: str) -> bool:
            if not is_resumed and sweep.take():
                return True
            if not is_resumed:
                sweep.stop(channel_id, reached)
            return False

        messages.read_new(go_on)
        if is_resumed:
            self._resume(messages, sweep, below)

    def _resume(self, messages: ChannelHistory, sweep: Sweep, below: str) -> None:
        """Where the last run stopped."""
        channel_id = messages.channel.channel_id

        def go_on(reached: str) -> bool:
            if sweep.take():
                return True
            sweep.stop(channel_id, reached)
            return False

        if go_on(below):
            messages.read(Stretch(BEGINNING, below), go_on)

    def _read_missing(self, channel: KnownChannel) -> None:
        messages = ChannelHistory(self.place, channel)
        messages.read_latest()
        self._threads(messages).read_due()

    def _read_whole(self, channel: KnownChannel) -> None:
        messages = ChannelHistory(self.place, channel)
        messages.read_new(always)
        self._threads(messages).read_due()

    def _recheck(self, channels: Sequence[KnownChannel]) -> None:
        """Some threads in turn: an edit of a reply shows nowhere else."""
        known = {channel.number: channel for channel in channels}
        found = self._quiet_threads(known)
        for thread in found:
            if (thread.channel, thread.thread_ts) not in self.place.threads_read:
                self._read(known[thread.channel], partial(self._reread, thread=thread))
        last = found[-1] if len(found) == self.place.settings.recheck_threads and found else None
        here = {"channel": known[last.channel].channel_id, "thread": last.thread_ts} if last else {}
        self._keep(RECHECK, here)

    def _quiet_threads(self, known: Mapping[int, KnownChannel]) -> list[ledger.DueThread]:
        """From where the last run stopped, then from the first on."""
        most, first = self.place.settings.recheck_threads, (0, "")
        kept = self.place.run.read_cursor(RECHECK) or {}
        start = (_number(known, kept.get("channel", "")), kept.get("thread", ""))
        with self.place.run.transaction() as session:
            found = ledger.quiet_threads(session, list(known), start, most)
            left = most - len(found)
            more = ledger.quiet_threads(session, list(known), first, left) if start > first else []
        return [*found, *(one for one in more if (one.channel, one.thread_ts) <= start)]

    def _reread(self, channel: KnownChannel, *, thread: ledger.DueThread) -> None:
        self._threads(ChannelHistory(self.place, channel)).read(thread)

    def _threads(self, messages: ChannelHistory) -> ChannelThreads:
        return ChannelThreads(self.place, messages.where, messages.history)

    def _sweep(self) -> Sweep:
        return kept_sweep(self.place.run.read_cursor(SWEEP), self.place.settings.sweep_pages)

    def _keep(self, stream: str, position: dict[str, str]) -> None:
        if position == (self.place.run.read_cursor(stream) or {}):
            return
        with self.place.run.transaction() as session:
            self.place.run.advance_cursor(session, stream, position)

    def _result(self) -> CollectResult:
        for state, names in self.not_read.items():
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            shown = ", ".join(f"#{name}" for name in names[:SHOWN])
            self.place.run.progress.say(f"not read, {state}: {shown}{more}")
        if self.failures:
            raise ChannelsFailed(self.failures) from next(iter(self.failures.values()))
        return self.place.run.result


def _from(channels: Sequence[KnownChannel], first: str) -> list[KnownChannel]:
    """All of them, in the order of their ids, beginning with this one or the next."""
    later = [channel for channel in channels if channel.channel_id >= first]
    return [*later, *(channel for channel in channels if channel.channel_id < first)]


def _number(known: Mapping[int, KnownChannel], channel_id: str) -> int:
    """Ours of a channel; 0, which is before all, of one that is not read any more."""
    return next((number for number, one in known.items() if one.channel_id == channel_id), 0)
