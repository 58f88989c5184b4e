"""Makes the room where it belongs, as `bdc new` does; of what was rendered here only the answers count."""

import shutil
import sys
from pathlib import Path

from authoring.scaffold.plan import Wish
from authoring.scaffold.room import make_room
from cli.new import next_steps
from services.errors import ConfigError

FOLDER = Path.cwd()
WISH = Wish(
    {{ cookiecutter.slug | tojson }},
    {{ cookiecutter.kind | tojson }},
    {{ cookiecutter.title | tojson }},
    {{ cookiecutter.owner | tojson }},
    {{ cookiecutter.group | tojson }},
)

try:
    places = make_room(FOLDER.parent, WISH)
except ConfigError as error:
    sys.exit("\n".join(error.problems))
print("\n".join(f"written {place}" for place in places))
print(next_steps(WISH))
shutil.rmtree(FOLDER)
