"""Where a text is cut, and what a change of it leaves as it was."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.vectors.chunking import LEAST, MOST, OVERLAP, cut

WORDS = [f"word{n}" for n in range(500)]


def article(seed: int, paragraphs: int = 60) -> list[str]:
    random = Random(seed)
    return [
        " ".join(random.choices(WORDS, k=random.randint(10, 60))) + "." for _ in range(paragraphs)
    ]


def parts(text: str) -> list[str]:
    return [text[span.begins : span.ends] for span in cut(text)]


@given(st.text(alphabet=st.sampled_from("ab .\n#`~_é"), max_size=4000))
def test_nothing_is_lost_and_nothing_is_too_long(text: str) -> None:
    spans = cut(text)
    covered = {at for span in spans for at in range(span.begins, span.ends)}
    assert all(at in covered for at, char in enumerate(text) if char.isalnum())
    assert all(0 < span.length <= MOST + OVERLAP for span in spans)
    assert [span.ends for span in spans] == sorted({span.ends for span in spans})


def test_a_text_without_a_word_has_no_chunk() -> None:
    assert cut("") == cut(" \n\n--- ***\n") == []


def test_a_paragraph_at_the_top_changes_the_chunks_around_it_only() -> None:
    paragraphs = article(1)
    before = set(parts("\n\n".join(paragraphs)))
    after = parts("\n\n".join(["A new paragraph.", *paragraphs]))
    assert len(after) > 10
    assert len(set(after) - before) <= 2


def test_an_edit_in_the_middle_changes_the_chunks_around_it_only() -> None:
    paragraphs = article(2)
    before = set(parts("\n\n".join(paragraphs)))
    paragraphs[30] = "Something else entirely."
    assert len(set(parts("\n\n".join(paragraphs))) - before) <= 3


def test_headings_begin_chunks_without_repeating_what_was_before() -> None:
    sections = [f"## Heading {n}\n\n" + "Some sentence of it. " * 25 for n in range(4)]
    found = parts("\n\n".join(sections))
    assert [part[:12] for part in found] == [f"## Heading {n}" for n in range(4)]


def test_a_chunk_repeats_the_last_sentence_of_the_one_before() -> None:
    text = " ".join(f"Sentence number {n} has words in it." for n in range(120))
    found = parts(text)
    assert len(found) > 2
    for before, after in pairwise(found):
        repeated = after[: after.index(".") + 1]
        assert repeated in before


def test_code_between_fences_stays_together() -> None:
    code = "```cpp\n" + "int main() {}\n\n" * 30 + "```\n"
    text = "Prose. " * 60 + "\n\n" + code + "\n" + "More prose. " * 60
    assert any(code in part for part in parts(text))


def test_a_fence_that_is_never_closed_is_text() -> None:
    assert parts("Before.\n\n```\nint x;\n\nAfter.") == ["Before.\n\n```\nint x;\n\nAfter."]


def test_what_has_no_border_at_all_is_cut_at_the_most() -> None:
    assert [span.length for span in cut("x" * (2 * MOST + 5))] == [MOST, MOST, 5]
    assert LEAST < MOST
