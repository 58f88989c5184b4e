"""What every collector promises."""

from conformance.plugin import Promise


def test_the_room_keeps_its_promise(promise: Promise) -> None:
    promise.keep()
