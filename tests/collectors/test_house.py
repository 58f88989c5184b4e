"""Every room keeps what every collector promises: one test for each room and promise.

`docs/conformance.md` says what each of them is; a room says in its docstring what it is exempt from.
"""

from conformance.plugin import Promise


def test_the_room_keeps_its_promise(promise: Promise) -> None:
    promise.keep()
