"""Author cells: who signs, in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.wg21_paper_tracker.parsing.names import read_authors


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Ann Lee", ["Ann Lee"]),
        ("Ann Lee, Bob Roe", ["Ann Lee", "Bob Roe"]),
        ("Ann Lee and Bob Roe", ["Ann Lee", "Bob Roe"]),
        ("Ann Lee, Bob Roe, and Cy Poe", ["Ann Lee", "Bob Roe", "Cy Poe"]),
        ("Ann Lee; Bob Roe & Cy Poe / Di Noe", ["Ann Lee", "Bob Roe", "Cy Poe", "Di Noe"]),
        ("Ann Lee\nBob Roe", ["Ann Lee", "Bob Roe"]),
        ("Andrew Sandoval", ["Andrew Sandoval"]),
        ("John Smith, Jr., Ann Lee", ["John Smith Jr.", "Ann Lee"]),
        ("John Smith, III and Jo Poe, Ph.D.", ["John Smith III", "Jo Poe Ph.D."]),
        ("Lee, Ann", ["Ann Lee"]),
        ("Lee, Ann; Roe, Bob", ["Ann Lee", "Bob Roe"]),
        ("Lee, Ann and van der Berg, J. R.", ["Ann Lee", "J. R. van der Berg"]),
        ("King, Martin, Jr.", ["Martin King Jr."]),
        ("Koenig, Stroustrup, Plauger", ["Koenig", "Stroustrup", "Plauger"]),
        ("Koenig, Myers and Plauger", ["Koenig", "Myers", "Plauger"]),
        (
            "Ann Lee*, Bob Roe†, Cy Poe[1], Di Noe (Acme)",
            ["Ann Lee", "Bob Roe", "Cy Poe", "Di Noe"],
        ),
        ("Ann Lee1,2, Bob Roe²", ["Ann Lee", "Bob Roe"]),
        ("by Ann Lee et al.", ["Ann Lee"]),
        ("Edited by: Ann Lee", ["Ann Lee"]),
        ("Ann Lee <ann@example.org>", ["Ann Lee"]),
        ("Ann Lee, Ann Lee", ["Ann Lee", "Ann Lee"]),
        ("Jean-Luc O'Neil, Michał Šimek", ["Jean-Luc O'Neil", "Michał Šimek"]),
        ("", []),
        (" - ", []),
        ("et al.", []),
    ],
)
def test_authors_are_told_apart(cell: str, names: list[str]) -> None:
    assert list(read_authors(cell)) == names


@given(st.text())
def test_any_text_gives_names_with_letters(cell: str) -> None:
    for name in read_authors(cell):
        assert any(map(str.isalpha, name))
        assert name == name.strip()
