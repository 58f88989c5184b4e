"""Search: by words, by meaning, and by both together."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from sqlalchemy import ColumnElement, Integer, case, cast, func, select
from sqlalchemy.orm import Session

from services.errors import CollectorError
from services.vectors import indexes
from services.vectors.models import Document, DocumentChunk
from services.vectors.opening import NONE, Opened, open_index
from services.vectors.ports import Question
from services.vectors.settings import VectorSettings

_SNIPPET = "MaxFragments=2, MaxWords=18, MinWords=6, StartSel=**, StopSel=**"
# Of each ranking so many are fused, or four times what is shown.
_CANDIDATES = 50
# Reciprocal rank fusion: what is first in one ranking weighs as much as what is 60th in two.
# Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet, SIGIR 2009.
_RANK_OFFSET = 60
# "A phrase" or -without: conditions, which hold for everything that is found.
_CONDITION = re.compile(r'"|(?:^|\s)-\w')


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a search has found; `snippet` is where, the words between asterisks."""

    collector: str
    key: str
    title: str
    author: str
    published_on: date | None
    url: str | None
    snippet: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    `query` is what people type into search engines: words, "a phrase", `or`, -without. `author` is a
    part of the name, in any case; `since` leaves out what is older or has no day.
    """

    query: str
    collector: str | None = None
    author: str | None = None
    since: date | None = None
    limit: int = 10

    @property
    def candidates(self) -> int:
        """How many of each ranking are looked at."""
        return max(_CANDIDATES, 4 * self.limit)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, the best first; `note` says why by words alone, where it was."""

    found: Sequence[Found]
    note: str | None = None


def search(session: Session, wanted: Wanted, settings: VectorSettings) -> Answer:
    """By words and, where there is an index of vectors, by meaning: what both find comes first.

    An index that cannot be asked takes nothing away: the words are searched, and the note says so.
    """
    chunks: Sequence[Sequence[str]] = ()
    note = None
    try:
        opened = _opened(session, settings)
        if opened is None:
            note = "nothing is indexed by meaning yet: searched by words alone"
        elif opened.index.kind == NONE:
            note = _why_none(settings)
        else:
            chunks = _alike(session, opened, wanted)
    except CollectorError as error:
        note = f"searched by words alone: {error}"
    best = _best_chunks(session, wanted, chunks)
    by_words = _by_any_word(session, wanted) if chunks else _by_words(session, wanted)
    rankings = [by_words, *([*best_of] for best_of in best)]
    ids = _fused(rankings)[: wanted.limit]
    return Answer(_shown(session, wanted, ids, _merged(best)), note)


def search_words(session: Session, wanted: Wanted) -> Sequence[Found]:
    """By words alone."""
    return _shown(session, wanted, _by_words(session, wanted)[: wanted.limit], {})


def _opened(session: Session, settings: VectorSettings) -> Opened | None:
    row = indexes.searched_index(session)
    return None if row is None else open_index(row, settings)


def _why_none(settings: VectorSettings) -> str | None:
    if settings.vectors_index == NONE:
        return None
    return "searched by words alone: this PostgreSQL has no extension vector (pgvector)"


def _alike(session: Session, opened: Opened, wanted: Wanted) -> Sequence[Sequence[str]]:
    embedder = opened.embedder
    embeds = embedder.dimension > 0
    question = Question(
        wanted.query,
        embedder.embed([wanted.query], is_query=True)[0] if embeds else None,
        embedder.least_similarity,
        wanted.collector,
        wanted.since,
        wanted.candidates,
        indexes.entry_places(session, opened.id) if opened.index.keeps_facts else (),
    )
    return opened.index.rank(session, question)


def _by_words(session: Session, wanted: Wanted) -> list[int]:
    query = func.websearch_to_tsquery("english", wanted.query)
    found = (
        select(Document.id)
        .where(Document.words.bool_op("@@")(query), *_filters(wanted))
        .order_by(
            func.ts_rank_cd(Document.words, query).desc(),
            Document.published_on.desc().nulls_last(),
            Document.key,
        )
        .limit(wanted.candidates)
    )
    return list(session.scalars(found))


def _by_any_word(session: Session, wanted: Wanted) -> list[int]:
    """Beside meaning: who asks a question does not mean that each of its words is there.

    Longer documents have more words, so their ranks are divided by the logarithm of their length. Of
    the judged questions this finds more than all of the words do; measured in benchmarks/search.py.
    """
    if _CONDITION.search(wanted.query):
        return _by_words(session, wanted)
    query = func.websearch_to_tsquery("english", " or ".join(wanted.query.split()))
    found = (
        select(Document.id)
        .where(Document.words.bool_op("@@")(query), *_filters(wanted))
        .order_by(func.ts_rank(Document.words, query, 1).desc(), Document.id)
        .limit(wanted.candidates)
    )
    return list(session.scalars(found))


def _best_chunks(
    session: Session, wanted: Wanted, rankings: Sequence[Sequence[str]]
) -> list[dict[int, int]]:
    """Of each ranking its documents in order, each with its best chunk; filters hold for them too."""
    ids = set(chain.from_iterable(rankings))
    if not ids:
        return []
    conditions = list(_filters(wanted))
    if _CONDITION.search(wanted.query):
        query = func.websearch_to_tsquery("english", wanted.query)
        conditions.append(Document.words.bool_op("@@")(query))
    rows = session.execute(
        select(DocumentChunk.vector_id, DocumentChunk.id, Document.id)
        .join(Document, Document.id == DocumentChunk.document_id)
        .where(DocumentChunk.vector_id.in_(ids), *conditions)
    )
    known = {vector_id: (document, chunk) for vector_id, chunk, document in rows.tuples()}
    return [_first(known[one] for one in ranking if one in known) for ranking in rankings]


def _first(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for document, chunk in pairs:
        found.setdefault(document, chunk)
    return found


def _fused(rankings: Iterable[Sequence[int]]) -> list[int]:
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, one in enumerate(ranking, start=1):
            scores[one] = scores.get(one, 0.0) + 1 / (_RANK_OFFSET + rank)
    return sorted(scores, key=lambda one: -scores[one])


def _merged(best: Iterable[Mapping[int, int]]) -> dict[int, int]:
    chunks: dict[int, int] = {}
    for of_ranking in best:
        chunks = {**of_ranking, **chunks}
    return chunks


def _shown(
    session: Session, wanted: Wanted, ids: Sequence[int], chunks: Mapping[int, int]
) -> list[Found]:
    """What people see of these documents, in this order: where the words are, else the best chunk."""
    if not ids:
        return []
    query = func.websearch_to_tsquery("english", wanted.query)
    begins, ends = cast(DocumentChunk.begins, Integer), cast(DocumentChunk.ends, Integer)
    body = func.substr(Document.text, begins + 1, ends - begins)
    has_words = Document.words.bool_op("@@")(query)
    shown = case((has_words | DocumentChunk.id.is_(None), Document.text), else_=body)
    rows = session.execute(
        select(
            Document.id,
            Document.collector,
            Document.key,
            Document.title,
            Document.author,
            Document.published_on,
            Document.url,
            func.ts_headline("english", shown, query, _SNIPPET),
        )
        .outerjoin(
            DocumentChunk,
            (DocumentChunk.document_id == Document.id)
            & DocumentChunk.id.in_([chunks[one] for one in ids if one in chunks]),
        )
        .where(Document.id.in_(ids))
    )
    found = {one: Found(*rest) for one, *rest in rows.tuples()}
    return [found[one] for one in ids]


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = [Document.deleted_at.is_(None)]
    if wanted.collector is not None:
        filters.append(Document.collector == wanted.collector)
    if wanted.author is not None:
        filters.append(Document.author.icontains(wanted.author, autoescape=True))
    if wanted.since is not None:
        filters.append(Document.published_on >= wanted.since)
    return filters
