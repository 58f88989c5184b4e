"""The trials of the fault matrix are what their seeds say."""

import pytest

from chaos.drawing import draw, draw_in_pairs, possible_faults
from chaos.faults import FAULTS
from chaos.sources import opened_sources
from tests.support.local_stack import ROOT


def test_a_seed_is_a_trial(tmp_path_factory: pytest.TempPathFactory) -> None:
    faults = possible_faults()
    with opened_sources(ROOT, tmp_path_factory.mktemp("sources")) as sources:
        first, again = (draw(7, sources, faults) for _ in range(2))
        assert (str(first), first.histories) == (str(again), again.histories)
        leading = {draw(seed, sources, faults).blows for seed in range(len(faults))}
    assert leading
    struck = {blow.fault for blows in leading for blow in blows}
    assert struck == set(faults)


def test_in_the_short_form_each_fault_strikes_once_and_all_trials_begin_alike(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    faults = possible_faults()
    with opened_sources(ROOT, tmp_path_factory.mktemp("sources")) as sources:
        drawn = draw_in_pairs(5, sources[:2], faults)
    struck = [blow.fault.name for one in drawn for blow in one.blows]
    assert sorted(struck) == sorted(fault.name for fault in faults)
    assert all(len(one.blows) <= 2 and one.histories == drawn[0].histories for one in drawn)
    assert all(list(one.blows) == sorted(one.blows, key=lambda blow: blow.at) for one in drawn)


def test_what_this_machine_cannot_try_says_why() -> None:
    assert all(fault.missing() for fault in FAULTS if fault not in possible_faults())
