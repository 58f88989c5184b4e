"""One hook with a clock and a pause of the test's own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from flows.phases import Phase, RetryPolicy, describe
from services.errors import RateLimited, SourceUnavailable
from tests.flows.records import QUIET, Records

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


@dataclass
class Time:
    """Stands still unless somebody sleeps."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def failing(*errors: Exception) -> Callable[[], str]:
    pending = iter(errors)

    def work() -> str:
        error = next(pending, None)
        if error is not None:
            raise error
        return "done"

    return work


def phase_of(time: Time, *errors: Exception, retries: int = 3) -> Phase[str]:
    policy = RetryPolicy(retries, 0)
    return Phase("collect", failing(*errors), policy, clock=lambda: time.now, sleep=time.sleep)


def test_a_source_that_names_a_moment_is_not_asked_before_it(records: Records) -> None:
    time = Time()
    errors = RateLimited("x", retry_after=90), RateLimited("x", retry_after=30)
    assert phase_of(time, *errors).run() == "done"
    assert time.slept == [90.0, 30.0]


def test_time_that_has_passed_meanwhile_is_not_waited_for_again(records: Records) -> None:
    time = Time()
    phase = phase_of(time)
    phase.error, phase.not_before = RateLimited("x"), time.now - timedelta(seconds=5)
    assert phase.run() == "done"
    assert time.slept == [0.0]


def test_a_source_that_names_no_moment_costs_no_further_wait(records: Records) -> None:
    time = Time()
    phase_of(time, RateLimited("x"), SourceUnavailable("x")).run()
    assert time.slept == []


def test_the_last_error_is_the_one_that_is_raised(records: Records) -> None:
    first, last = SourceUnavailable("first"), SourceUnavailable("last")
    with pytest.raises(SourceUnavailable) as raised:
        phase_of(Time(), first, last, retries=1).run()
    assert raised.value is last


def test_what_stands_before_a_retry_can_stop_it(records: Records) -> None:
    time, asked = Time(), list[str]()

    def refuse() -> None:
        asked.append("before")
        raise ValueError("no more")

    phase = phase_of(time, SourceUnavailable("x"))
    phase.before_retry = refuse
    with pytest.raises(ValueError, match="no more"):
        phase.run()
    assert asked == ["before"]


def test_delays_double_and_are_as_many_as_prefect_takes() -> None:
    assert RetryPolicy(4, 10).delays == [10, 20, 40, 80]
    assert RetryPolicy(0, 10).delays == []


def test_an_error_is_described_in_one_line_without_secrets() -> None:
    error = ValueError("https://x:hunter22@host/ broke\nsecond line")
    assert describe(error) == "validation: ValueError: https://x:***@host/ broke"
    assert describe(KeyError()) == "unknown: KeyError: "


def test_an_error_in_the_clean_up_after_a_signal_does_not_hide_it(records: Records) -> None:
    calls: list[int] = []

    def work() -> str:
        calls.append(1)
        try:
            raise KeyboardInterrupt
        finally:
            raise SourceUnavailable("the connection is busy")

    phase = Phase("collect", work, RetryPolicy(3, 0))
    with pytest.raises(KeyboardInterrupt):
        phase.run()
    assert calls == [1]
