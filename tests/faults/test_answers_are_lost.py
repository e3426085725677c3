"""Answers that never arrive, and events that are sent more than once."""

from __future__ import annotations

import time

import pytest

from tests.faults.proxy import Mode, Proxy


@pytest.mark.smallest
def test_an_event_counts_once_however_often_it_is_sent(trial, place, dice):
    """F7: lost answers, two tabs with one queue, the same id twice in one request."""
    with (
        Proxy(place.port, dice).running() as way,
        trial.load(way.port, twins=True, repeats=0.2) as course,
    ):
        with way.in_mode(Mode.CUT_REPLY, share=0.05):
            time.sleep(3)
        course.goes_on(5)
        lost = way.cuts
        course.stop()
    trial.figures |= {"lost answers": lost}
    assert lost > 0
    assert trial.figures["duplicate answers"] > lost
    assert "deadlock detected" not in place.cluster.words()


def test_a_commit_of_which_nobody_knows_is_not_acknowledged(trial, place):
    """F7, between us and the database: the commit's answer is lost, so the sender is to repeat."""
    with trial.load(twins=True) as course:
        before = place.database.cuts
        with place.database.in_mode(Mode.CUT_REPLY, share=0.03):
            time.sleep(4)
        course.goes_on(5)
        trial.figures["lost replies"] = place.database.cuts - before
    assert trial.figures["503"] > 0
    assert trial.figures["only as duplicate"] > 0
