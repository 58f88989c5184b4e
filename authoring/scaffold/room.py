"""A new room, from the wish to the files; the one way in for `bdc new` and for cookiecutter."""

from pathlib import Path

from authoring.scaffold.generated import generated
from authoring.scaffold.install import install
from authoring.scaffold.plan import Wish, plan_room


def make_room(root: Path, wish: Wish) -> list[str]:
    """Make the room, and everything elsewhere that it needs; the places of all files written.

    Raises:
        ConfigError: with everything that is wrong; nothing was changed.
    """
    plan = plan_room(root, wish)
    wanted = {**plan.files, **plan.edits}
    changes = {**wanted, **generated(root, wanted)}
    install(root, changes)
    return list(changes)
