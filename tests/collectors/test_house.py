"""Every room keeps what every collector promises: one test for each room and promise.

`docs/conformance.md` says what each of them is; a room says in its docstring what it is exempt from.
"""

import pytest

from conformance.plugin import Promise

# Each room's own tests cover it; to be measured would make these, which run it most, a third slower.
pytestmark = pytest.mark.no_cover


def test_the_room_keeps_its_promise(promise: Promise) -> None:
    promise.keep()
