"""How often one call is tried, and how long it may wait in between."""

from datetime import timedelta

from services.errors import CollectorError, RateLimited
from services.failures import retry_after_seconds
from services.http.settings import HttpSettings, Surroundings

# "Otherwise, wait for at least one minute", growing with each refusal:
# https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors
UNSPOKEN_LIMIT_SECONDS = 60.0


class Tries:
    """The tries of one call: counted, and short of patience in the end."""

    def __init__(self, settings: HttpSettings, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self._failed = 0
        self._switched = 0
        self._patience = settings.patience_seconds
        self._last: CollectorError | None = None

    def wait_for_quota(self, seconds: float) -> None:
        """Sleep until the source will answer again.

        Raises:
            RateLimited: that is later than this call may wait for.
        """
        until = self._around.now() + timedelta(seconds=seconds)
        shown = until.isoformat(timespec="seconds")
        if seconds > self._patience:
            raise RateLimited(f"no quota before {shown}", seconds) from self._last
        self._around.say(f"waiting for quota until {shown}", until)
        self._sleep(seconds)

    def limit_seconds(self, error: RateLimited, asked: float | None) -> float:
        """How long to keep still after this refusal, which came with that wait in its headers."""
        said = asked if error.retry_after is None else error.retry_after
        return UNSPOKEN_LIMIT_SECONDS * 2.0**self._failed if said is None else said

    def allow_switch(self, most: int) -> bool:
        """Whether somebody else may ask instead, which is no failure of the call; counts it."""
        self._switched += 1
        return self._switched < most

    def allow_another(self, error: CollectorError) -> bool:
        """Whether to try again; counts the failure."""
        self._failed += 1
        self._last = error
        return self._failed < self._settings.tries

    def pause(self, error: CollectorError) -> bool:
        """Sleep before the next try, by chance up to twice as long as before; False: too long.

        Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
        A source that asks for more gets it.
        """
        longest = self._settings.first_pause_seconds * 2.0 ** (self._failed - 1)
        drawn = min(longest, self._settings.longest_pause_seconds) * self._around.chance()
        seconds = max(drawn, retry_after_seconds(error, self._around.now()) or 0.0)
        if seconds > self._patience:
            return False
        self._sleep(seconds)
        return True

    def _sleep(self, seconds: float) -> None:
        self._patience -= seconds
        self._around.sleep(seconds)
