"""Random inserts, edits and deletions of documents, and what must be found in the end."""

from dataclasses import replace
from random import Random

from sqlalchemy import text

from services.vectors.chunking import cut
from services.vectors.services import Text
from tests.support.indexing import Indexing

WORDS = tuple(
    f"{a}{b}" for a in ("co", "re", "al", "en", "tu") for b in ("routine", "ceiver", "loc", "gine")
)


class History:
    """Documents as they ought to be; `chunks` counts those of everything that was put."""

    def __init__(self, indexing: Indexing, random: Random) -> None:
        self.documents: dict[str, Text] = {}
        self.chunks = 0
        self._indexing = indexing
        self._random = random
        self._next = 0

    def edit(self, count: int) -> None:
        """So many changes, some in a transaction of several."""
        while count > 0:
            several = min(count, self._random.randint(1, 20))
            if self.documents and self._random.random() < 0.2:
                self._delete(several)
            else:
                self._put([self._changed() for _ in range(several)])
            count -= several

    def is_kept(self) -> bool:
        """Whether the documents are those that it made."""
        with self._indexing.database.transaction() as session:
            rows = session.execute(text("select key, text from document where deleted_at is null"))
            return dict(rows.tuples().all()) == {
                one.key: one.text for one in self.documents.values()
            }

    def _put(self, texts: list[Text]) -> None:
        self._indexing.put(*texts)
        self.documents |= {one.key: one for one in texts}
        self.chunks += sum(len(cut(one.text)) for one in {t.key: t for t in texts}.values())

    def _delete(self, count: int) -> None:
        chosen = self._random.sample(sorted(self.documents), min(count, len(self.documents)))
        self._indexing.delete(*chosen)
        for key in chosen:
            del self.documents[key]

    def _changed(self) -> Text:
        if not self.documents or self._random.random() < 0.4:
            self._next += 1
            paragraphs = [self._paragraph() for _ in range(self._random.randint(0, 12))]
            return Text(f"doc{self._next}", self._words(3), "\n\n".join(paragraphs))
        old = self.documents[self._random.choice(sorted(self.documents))]
        match self._random.randrange(5):
            case 0:
                return replace(old, title=self._words(3))
            case 1:
                return replace(old, namespace=self._random.choice(("", "a", "b")))
            case 2:
                return replace(
                    old, private=not old.private, metadata={"n": self._random.randrange(9)}
                )
        paragraphs = old.text.split("\n\n")
        place = self._random.randrange(len(paragraphs) + 1)
        paragraphs[place : place + self._random.randrange(3)] = [self._paragraph()]
        return replace(old, text="\n\n".join(paragraphs))

    def _paragraph(self) -> str:
        return (
            self._random.choice(("", "# ", "## ")) + self._words(self._random.randint(5, 120)) + "."
        )

    def _words(self, count: int) -> str:
        return " ".join(self._random.choices(WORDS, k=count))
