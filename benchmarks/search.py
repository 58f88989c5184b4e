"""Indexing against its parts, and what search by meaning costs and finds.

The chunks are docstrings of the libraries installed here: real text, of many hands. The judged
questions are asked of our own documents.
"""

import ast
import statistics
import sysconfig
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benchmarks.judged import ELSEWHERE, JUDGED
from benchmarks.measuring import scratch_database, scratch_postgres, seconds
from services.database import Database
from services.vectors.embedding import open_embedder
from services.vectors.models import DocumentChunk, VectorIndex
from services.vectors.pgvector import EF_SEARCH, PgvectorIndex
from services.vectors.ports import Item, Place, Question
from services.vectors.searching import Wanted, search, search_words
from services.vectors.services import Text, put_documents
from services.vectors.settings import LOCAL_MODEL, VectorSettings
from services.vectors.syncing import Syncing

CHUNKS = 100_000
RAW = 20_000
QUESTIONS = 200
# Characters of a piece of text.
PIECE, SHORTEST = 500, 80
WIDTHS = (40, 100, EF_SEARCH, 400)
SETTINGS = VectorSettings(vectors_index="pgvector")
ROOT = Path(__file__).parent.parent
Row = dict[str, object]


def rows() -> list[Row]:
    """Rates as parts of the embedding model's own, latencies in milliseconds, shares of what was right."""
    found: list[Row] = []
    with scratch_postgres() as server:
        with scratch_database(server, "judged") as database:
            found += _judged(database)
        with scratch_database(server, "scale") as database:
            found += _scale(database)
    return found


def _scale(database: Database) -> Iterator[Row]:
    texts = list(islice(_docstrings(), CHUNKS + QUESTIONS))
    questions = [one.text.partition("\n")[0] for one in texts[-QUESTIONS:]]
    texts = texts[:-QUESTIONS]
    embedder = open_embedder(LOCAL_MODEL, SETTINGS)
    embedder.embed(["warm"])
    bodies = [one.text for one in texts[:RAW]]
    alone = len(bodies) / seconds(lambda: embedder.embed(bodies))
    copied = _raw_copy(database, embedder.embed(bodies))
    stored = len(texts) / seconds(lambda: _put(database, texts))
    begun = perf_counter()
    chunks = _sync(database)
    whole = chunks / (perf_counter() - begun)
    yield _rate("embedding alone", alone, alone)
    yield _rate("raw COPY into the same table", copied, alone)
    yield _rate("documents put (cut and queued)", stored, alone)
    yield _rate("index end to end, HNSW built", whole, alone)
    yield _row("index end to end, of raw COPY", whole / copied, "")
    yield from _asked(database, questions)


def _rate(what: str, rate: float, alone: float) -> Row:
    return _row(what, round(rate), f"{rate / alone:.2f} of the model alone")


def _row(what: str, value: float, note: str) -> Row:
    return {"what": what, "value": round(value, 3), "note": note}


def _put(database: Database, texts: Sequence[Text]) -> None:
    for start in range(0, len(texts), 1000):
        with database.transaction() as session:
            put_documents(session, "bench", texts[start : start + 1000])


def _sync(database: Database) -> int:
    syncing = Syncing(database.transaction, SETTINGS, batch=1000)
    return sum(done.put for done in syncing.run())


def _raw_copy(database: Database, vectors: Any) -> float:
    """The same COPY into a table of the same kind, without anything around it."""
    index = PgvectorIndex("raw", vectors.shape[1])
    items = [Item(f"{n:065d}", n, b"0" * 16, "", b"", {}) for n in range(len(vectors))]
    with database.transaction() as session:
        index.prepare(session)
    with database.transaction() as session:
        taken = seconds(lambda: index.put(session, Place(False, ""), items, vectors))
    with database.transaction() as session:
        index.drop(session)
    return len(items) / taken


def _asked(database: Database, questions: Sequence[str]) -> Iterator[Row]:
    embedder = open_embedder(LOCAL_MODEL, SETTINGS)
    vectors = embedder.embed(questions)
    asked = [Question(q, v, 0.0, None, None, 10) for q, v in zip(questions, vectors, strict=True)]
    exact, exact_times = _ranked(database, asked, EF_SEARCH, "set local enable_indexscan = off")
    yield _latency("vectors, exact", exact_times)
    for width in WIDTHS:
        found, times = _ranked(database, asked, width)
        recall = np.mean(
            [len({*a} & {*e}) / max(1, len(e)) for a, e in zip(found, exact, strict=True)]
        )
        chosen = " (ours)" if width == EF_SEARCH else ""
        yield _latency(f"vectors, HNSW, ef_search {width}{chosen}", times)
        yield _row(f"recall@10 of it, ef_search {width}{chosen}", float(recall), "against exact")
    with database.transaction() as session:
        search(session, Wanted(questions[0]), SETTINGS)
        whole = [
            _timed(lambda q=one: search(session, Wanted(q), SETTINGS))[1] for one in questions[:50]
        ]
    yield _latency("bdc search, hybrid, without the start of the process", whole)
    with database.transaction() as session:
        count = len(session.scalars(select(DocumentChunk.id)).all())
    yield _row("chunks searched", count, "")


def _ranked(
    database: Database, asked: Sequence[Question], width: int, *before: str
) -> tuple[Sequence[Sequence[str]], Sequence[float]]:
    """What each question finds, and in how many milliseconds; the pages it reads are warm."""
    with database.transaction() as session:
        (row,) = session.scalars(select(VectorIndex))
        index = PgvectorIndex(row.location, row.dimension, width)
        for command in before:
            session.execute(text(command))
        index.rank(session, asked[0])
        found, times = zip(
            *(_timed(lambda q=one: index.rank(session, q)[0]) for one in asked), strict=True
        )
    return found, times


def _timed(work: Any) -> tuple[Any, float]:
    begun = perf_counter()
    found = work()
    return found, (perf_counter() - begun) * 1000


def _latency(what: str, times: Sequence[float]) -> Row:
    p95 = statistics.quantiles(times, n=20)[-1]
    return _row(f"{what}: ms p50", statistics.median(times), f"p95 {p95:.1f} ms")


def _judged(database: Database) -> Iterator[Row]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    texts = [
        Text(f"{_name(page)}#{n}", _name(page), part)
        for page in pages
        if "reference" not in page.parts
        for n, part in enumerate(page.read_text(encoding="utf-8").split("\n## "))
    ]
    _put(database, texts)
    _sync(database)
    with database.transaction() as session:
        yield from _least(session)
    ways = {"words alone": _by_words, "vectors alone": _by_vectors, "both": _by_both}
    for way, ask in ways.items():
        with database.transaction() as session:
            ranks = [_rank(ask(session, question), right) for question, right in JUDGED.items()]
        for part, chosen in (("all", ranks), ("held out", ranks[1::2])):
            mrr = sum(1 / rank for rank in chosen if rank) / len(chosen)
            hit = sum(1 for rank in chosen if rank and rank <= 5) / len(chosen)
            yield _row(
                f"judged questions, {part}, {way}: MRR@10",
                mrr,
                f"{hit:.2f} of {len(chosen)} have a right page among five",
            )


def _least(session: Session) -> Iterator[Row]:
    """The least similarity that tells right pages from other things best in one half, tried on the other."""
    known = [_similarity(session, question, right) for question, right in JUDGED.items()]
    elsewhere = [_similarity(session, question, None) for question in ELSEWHERE]
    fitted = max(known[0::2], key=lambda least: _told_apart(known[0::2], elsewhere[0::2], least))
    ours = open_embedder(LOCAL_MODEL, SETTINGS).least_similarity
    for what, least in (("fitted on one half", fitted), ("ours", ours)):
        kept = _share(known[1::2], least)
        silent = 1 - _share(elsewhere[1::2], least)
        note = f"held out: keeps {kept:.2f} of right pages, silent to {silent:.2f} of other things"
        yield _row(f"least_similarity, {what}", least, note)


def _told_apart(known: Sequence[float], elsewhere: Sequence[float], least: float) -> float:
    """Youden's J: the share of right pages kept, less the share of other things answered."""
    return _share(known, least) - _share(elsewhere, least)


def _share(similarities: Sequence[float], least: float) -> float:
    return sum(one >= least for one in similarities) / len(similarities)


def _similarity(session: Session, question: str, right: set[str] | None) -> float:
    """Of the question to the best chunk of its right pages, or of any page."""
    vector = open_embedder(LOCAL_MODEL, SETTINGS).embed([question], is_query=True)[0]
    (row,) = session.scalars(select(VectorIndex))
    best = text(
        "select max(1 - (v.embedding <=> cast(:vector as halfvec)))"
        f" from vectors.{row.location} v join document d on d.id = v.document_id"
        " where cast(:pages as text[]) is null or split_part(d.key, '#', 1) = any(:pages)"
    )
    pages = None if right is None else sorted(right)
    found = session.scalar(best, {"vector": str(vector.tolist()), "pages": pages})
    return float(found or 0)


def _name(page: Path) -> str:
    return page.name if page.parent == ROOT else str(page.relative_to(ROOT / "docs"))


def _rank(keys: Sequence[str], right: set[str]) -> int:
    """Place of the first right page among the ten first pages; 0: none of them."""
    pages = list(dict.fromkeys(key.partition("#")[0] for key in keys))[:10]
    return next((n for n, page in enumerate(pages, start=1) if page in right), 0)


def _by_words(session: Any, question: str) -> list[str]:
    """Any of the words: all of them would find next to nothing."""
    anyone = " or ".join(question.replace(",", "").split())
    return [one.key for one in search_words(session, Wanted(anyone, limit=30))]


def _by_vectors(session: Any, question: str) -> list[str]:
    (row,) = session.scalars(select(VectorIndex))
    vector = open_embedder(LOCAL_MODEL, SETTINGS).embed([question])[0]
    index = PgvectorIndex(row.location, row.dimension)
    (ids,) = index.rank(session, Question(question, vector, 0.0, None, None, 60))
    names = dict(
        session.execute(
            text(
                "select c.vector_id, d.key from document_chunk c join document d on d.id = c.document_id"
            )
        )
        .tuples()
        .all()
    )
    return [names[one] for one in ids]


def _by_both(session: Any, question: str) -> list[str]:
    """As `bdc search` does."""
    return [one.key for one in search(session, Wanted(question, limit=30), SETTINGS).found]


def _docstrings() -> Iterator[Text]:
    """Of everything installed, none twice, each long enough to mean something."""
    seen: set[str] = set()
    for folder in (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")):
        for path in sorted(Path(folder).rglob("*.py")):
            for body in _pieces_of(path):
                if len(body) > SHORTEST and body not in seen:
                    seen.add(body)
                    yield Text(f"{len(seen)}", "", body)


def _pieces_of(path: Path) -> Iterator[str]:
    """Each short enough to be one chunk."""
    for whole in _docstrings_of(path):
        yield from (whole[start : start + PIECE] for start in range(0, len(whole), PIECE))


def _docstrings_of(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            body = ast.get_docstring(node)
            if body:
                yield body
