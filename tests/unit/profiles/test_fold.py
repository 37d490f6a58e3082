"""The fold: the states of a case's life, and the same answer for every order and repetition."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.cases.events import RANK, Event
from profiles.cases.fold import fold
from profiles.cases.snapshot import dump, timing_of
from profiles.cases.states import Bucket, State, Turn

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def event(kind, day=0, seq="", version=1, **payload):
    at = START + timedelta(days=day)
    return Event(
        kind=kind,
        seq=seq,
        version=version,
        at=at,
        reported_at=at,
        raw_id=f"{day:03d}{kind}{version}",
        payload=payload,
    )


SB = event("SB", 0, party_key="p", applicant_name="陈晓岚", item_name="公共场所卫生许可")
SL = event("SL", 3, promise_limit=8, legal_limit=20)
BZGZ = event("BZGZ", 1, reason="布局图未标注消毒间", due="2026-03-25")
BZSL = event("BZSL", 2)
SPCL = event("SPCL", 5, seq="1", step="2")
SQ = event("TBCXSQ", 6, seq="1", special_name="检测")
JG = event("TBCXJG", 9, seq="1")
BJ = event("BJ", 12, result="0")
LQDJ = event("LQDJ", 13)


@pytest.mark.parametrize(
    ("events", "state", "turn", "bucket"),
    [
        ([], State.UNKNOWN, Turn.NOBODY, Bucket.OPEN),
        ([event("SBCL", 0, "1")], State.UNKNOWN, Turn.NOBODY, Bucket.OPEN),
        ([SB], State.SUBMITTED, Turn.DEPARTMENT, Bucket.OPEN),
        ([SB, event("WSYSL", 1)], State.PRE_CHECKED, Turn.DEPARTMENT, Bucket.OPEN),
        ([SB, BZGZ], State.SUPPLEMENT_REQUIRED, Turn.APPLICANT, Bucket.TODO),
        ([SB, BZGZ, BZSL], State.SUPPLEMENT_RECEIVED, Turn.DEPARTMENT, Bucket.OPEN),
        ([SB, BZGZ, BZSL, SL], State.ACCEPTED, Turn.DEPARTMENT, Bucket.OPEN),
        ([SB, SL, SPCL], State.IN_REVIEW, Turn.DEPARTMENT, Bucket.OPEN),
        ([SB, SL, SPCL, SQ], State.SPECIAL_PROCEDURE, Turn.THIRD_PARTY, Bucket.OPEN),
        ([SB, SL, SPCL, SQ, JG], State.IN_REVIEW, Turn.DEPARTMENT, Bucket.OPEN),
        ([SB, SL, event("BJ", 12, result="0")], State.GRANTED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, event("BJ", 12, result="1")], State.REFUSED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, event("BJ", 12, result="2")], State.VOID, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, event("BJ", 12, result="3")], State.REMOVED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, event("BJ", 12, result="4")], State.FORWARDED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, event("BJ", 12, result="5")], State.LAPSED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, event("BJ", 12, result="6")], State.OTHER, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, event("BJ", 12, result="X")], State.OTHER, Turn.NOBODY, Bucket.CLOSED),
        ([SB, SL, BJ, LQDJ], State.COLLECTED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, event("SL", 3, refused=True, reason="不属于本部门职权")], State.REFUSED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, event("WSYSL", 1, refused=True)], State.REFUSED, Turn.NOBODY, Bucket.CLOSED),
        ([SB, event("WSYSL", 1, refused=True), SL], State.ACCEPTED, Turn.DEPARTMENT, Bucket.OPEN),
    ],
)
def test_states(events, state, turn, bucket):
    folded = fold(events)
    assert (folded.state, folded.turn, folded.bucket) == (state, turn, bucket)


def test_whoever_fetches_the_paper_has_the_turn():
    submitted = event("SB", 0, party_key="p", pick_up=True)
    assert fold([submitted, SL, BJ]).turn is Turn.APPLICANT
    assert fold([submitted, SL, BJ, LQDJ]).turn is Turn.NOBODY


def test_a_higher_version_replaces_and_a_lower_one_that_comes_later_does_not():
    late = event("SL", 4, version=2, promise_limit=5)
    for events in ([SB, SL, late], [SB, late, SL]):
        folded = fold(events)
        assert folded.accepted_at == late.at
        assert folded.timing.promise is not None
        assert folded.timing.promise.days == 5


def test_one_version_told_twice_differently_takes_the_later_word():
    first = event("SL", 3, promise_limit=8)
    second = Event(
        kind="SL",
        at=first.at,
        reported_at=first.reported_at + timedelta(hours=1),
        raw_id="0",
        payload={"promise_limit": 5},
    )
    for events in ([SB, first, second], [SB, second, first]):
        timing = fold(events).timing
        assert timing.promise is not None
        assert timing.promise.days == 5


def test_the_supplement_stops_the_clock_until_it_comes():
    folded = fold([SB, SL, event("BZGZ", 5, seq="1"), event("BZSL", 8, seq="1")])
    assert [(p.kind, p.first, p.last) for p in folded.timing.pauses] == [
        ("supplement", date(2026, 3, 8), date(2026, 3, 10))
    ]


def test_two_supplements_are_paired_by_number_then_by_time():
    events = [SB, event("BZGZ", 1), event("BZGZ", 2, seq="2"), event("BZSL", 4, seq="2"), event("BZSL", 6)]
    pauses = fold(events).timing.pauses
    assert [(p.first.day, p.last.day if p.last else None) for p in pauses] == [(4, 8), (5, 6)]


def test_acceptance_answers_an_unanswered_supplement():
    folded = fold([SB, BZGZ, SL])
    assert folded.state is State.ACCEPTED
    assert folded.timing.pauses[0].last == date(2026, 3, 5)


def test_an_extension_adds_days_and_stops_nothing():
    folded = fold([SB, SL, event("TBCXSQ", 6, seq="1", extends=True, days=10, reason="案情复杂")])
    assert folded.state is State.ACCEPTED
    assert folded.timing.pauses == ()
    assert (folded.timing.extension, folded.timing.extension_reason) == (10, "案情复杂")


def test_closing_ends_every_pause():
    folded = fold([SB, SL, SQ, BJ])
    assert folded.timing.pauses[0].last == folded.timing.closed == date(2026, 3, 14)


def test_the_five_days_rule_knows_licences_by_their_code():
    licence = event("SB", 0, item_code="11440100007482575H3440118009000")
    service = event("SB", 0, item_code="114403006939513773344201505200802")
    assert fold([licence]).timing.licence
    assert not fold([service]).timing.licence
    assert fold([event("SB", 0, item_code="440600-0120-002")]).timing.licence


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([SB, BJ], "closed_without_acceptance"),
        ([event("SB", 20), SL, BJ], "closed_before_submission"),
        ([event("SB", 5), SL], "accepted_before_submission"),
        ([SB, event("SL", 15), BJ], "accepted_after_closing"),
        ([SB, SL, BJ, event("SPCL", 14, seq="9")], "steps_after_closing"),
        ([SB, BZSL], "supplement_received_without_notice"),
        ([SB, SL, JG], "special_end_without_start"),
        ([SB, SL, event("TBCXSQ", 10, seq="1"), JG], "special_end_before_start"),
        ([SB, SL, LQDJ], "collected_without_closing"),
        ([SL], "no_submission"),
        ([SB, event("SL", 3, party_key="q")], "two_applicants"),
    ],
)
def test_contradictions_are_told(events, code):
    assert code in fold(events).findings


def test_dates_without_a_time_are_no_contradictions():
    """Only dates told for the acceptance and the answered supplement, on the days of events with a time."""
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # 2 March, 00:00 in Guangdong

    def dated(kind, **payload):
        return Event(kind=kind, at=midnight, reported_at=midnight, raw_id=kind, payload=payload)

    asked = event("BZGZ", 0)
    folded = fold([SB, asked, dated("BZSL"), dated("SL", promise_limit=8), dated("SPCL", step="1")])
    assert folded.findings == ()
    assert folded.state is State.IN_REVIEW
    assert folded.timing.pauses[0].last == date(2026, 3, 2)


def test_a_complete_case_has_no_findings():
    folded = fold([SB, BZGZ, BZSL, SL, SPCL, SQ, JG, BJ, LQDJ])
    assert folded.findings == ()
    assert folded.party_key == "p"
    assert folded.item_name == "公共场所卫生许可"


def test_the_safest_state_of_a_contradiction_is_the_closed_one():
    assert fold([event("SB", 20, party_key="p"), event("BJ", 12, result="0")]).state is State.GRANTED


events_of_a_case = st.lists(
    st.builds(
        lambda kind, day, seq, version, told, result, raw: Event(
            kind=kind,
            seq="" if kind in {"SB", "WSYSL", "SL", "BJ", "LQDJ"} else seq,
            version=version,
            at=START + timedelta(days=day),
            reported_at=START + timedelta(days=told),
            raw_id=f"{raw:04d}",
            payload={"result": result, "extends": result == "1", "days": day, "party_key": result},
        ),
        st.sampled_from(sorted(RANK)),
        st.integers(0, 12),
        st.sampled_from(["", "1", "2"]),
        st.integers(1, 3),
        st.integers(0, 3),
        st.sampled_from(["0", "1", "6"]),
        st.integers(0, 9999),
    ),
    max_size=14,
    unique_by=lambda event: event.raw_id,
)


@settings(deadline=None)
@given(st.data(), events_of_a_case)
def test_every_order_and_repetition_gives_the_same_case(data, events):
    once = fold(events)
    again = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events))) if events else []))
    assert fold(again) == once


@settings(deadline=None)
@given(events_of_a_case)
def test_a_snapshot_keeps_the_timing(events):
    folded = fold(events)
    assert timing_of(dump(folded)) == folded.timing
