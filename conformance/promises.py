"""What a check says when a room does not keep what it stands for."""


class BrokenPromise(AssertionError):
    """The room does not do what every collector does; the text says what was seen."""


def require(kept: bool, text: str) -> None:
    """Nothing when it is kept.

    Raises:
        BrokenPromise: with the text.
    """
    if not kept:
        raise BrokenPromise(text)


def require_equal(found: object, wanted: object, what: str) -> None:
    """Nothing when both are equal.

    Raises:
        BrokenPromise: naming both.
    """
    require(found == wanted, f"{what}: {found!r}, not {wanted!r}")
