"""J6 below the pages: a certificate's end becomes one message and one letter, whatever is repeated or killed."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from idp.events import FactorChanged
from idp.models.account import Account
from kernel import clock, outbox, settings
from kernel.db import reading, transaction
from profiles.events import CertificateRecorded
from profiles.models.certificate import Certificate
from profiles.models.department import Department
from profiles.models.raw import FeedBatch, RawRecord
from subscriptions import handlers, plan, send
from subscriptions.channel import Outcome, Result
from subscriptions.mail import folder
from subscriptions.models.message import Delivery, InboxMessage
from subscriptions.models.reminder import Reminder
from subscriptions.remind import remind_due
from subscriptions.settings import SubscriptionsSettings

PARTY = "f" * 32


@pytest.fixture(autouse=True)
def world(database, frozen_clock, load_settings, tmp_path):
    load_settings(DATABASE_URL=database, MAIL_FOLDER=str(tmp_path / "mail"))
    settings.of(SubscriptionsSettings)


@pytest.fixture
def mail(tmp_path):
    return lambda: list(folder.newest(tmp_path / "mail"))


def certificate(ends: date, *, status="valid"):
    now = clock.now()
    with transaction() as db:
        department = Department(
            code="sdwjj", uscc="11440606MB2KA0321X", name="顺德区卫生健康局", families=[], client_id="c"
        )
        db.add(department)
        db.flush()
        batch = FeedBatch(
            department_id=department.id, family="certificate", format="json", encoding="utf-8", size=1, sha256="0"
        )
        db.add(batch)
        db.flush()
        raw = RawRecord(
            batch_id=batch.id,
            position=1,
            department_id=department.id,
            family="certificate",
            received_at=now,
            content="{}",
            fingerprint="0" * 32,
        )
        db.add(raw)
        db.flush()
        row = Certificate(
            department_id=department.id,
            record_key="k",
            party_key=PARTY,
            type_code="061",
            name="从业人员健康合格证明",
            number="粤1",
            issuer="顺德区卫生健康局",
            valid_to=ends,
            expires_on=ends,
            status=status,
            reported_at=now,
            received_at=now,
            raw_id=raw.id,
        )
        db.add(row)
        db.flush()
        return row.id


def recorded(certificate_id, ends, *, status="valid"):
    event = CertificateRecorded(
        certificate_id=certificate_id,
        party_key=PARTY,
        name="从业人员健康合格证明",
        number_masked="粤*",
        issuer="顺德区卫生健康局",
        valid_to=ends,
        status=status,
    )
    with transaction() as db:
        handlers.certificate_recorded(db, event)


def account(email="chen@example.invalid"):
    with transaction() as db:
        row = Account(name="陈晓岚", party_key=PARTY, level=4, own_level=4, email=email)
        db.add(row)
        db.flush()
        return row.id


def inbox():
    with reading() as db:
        return list(db.scalars(select(InboxMessage)))


def deliveries():
    with reading() as db:
        return [(row.state, row.attempts) for row in db.scalars(select(Delivery))]


def test_a_certificate_that_lapses_in_30_days_becomes_one_message_and_one_letter(mail):
    ends = clock.today() + timedelta(days=30)
    certificate_id = certificate(ends)
    account()
    for _time in range(3):
        recorded(certificate_id, ends)
        remind_due()
        send.send_due()
    assert [message.link for message in inbox()] == [f"/me/certificates/{certificate_id}"]
    assert [letter.to for letter in mail()] == ["chen@example.invalid"]
    assert "从业人员健康合格证明" in mail()[0].subject


def test_the_next_step_speaks_again(frozen_clock, mail):
    ends = clock.today() + timedelta(days=30)
    certificate_id = certificate(ends)
    account()
    recorded(certificate_id, ends)
    remind_due()
    frozen_clock.advance(days=23)
    remind_due()
    remind_due()
    send.send_due()
    assert len(inbox()) == len(mail()) == 2


def test_a_letter_of_the_night_leaves_in_the_morning_and_the_message_is_there_at_once(frozen_clock, mail):
    ends = clock.today() + timedelta(days=30)
    certificate_id = certificate(ends)
    account()
    frozen_clock.set(clock.local(clock.now()).replace(hour=23))
    recorded(certificate_id, ends)
    remind_due()
    send.send_due()
    assert (len(inbox()), len(mail())) == (1, 0)
    frozen_clock.advance(hours=9)
    send.send_due()
    assert len(mail()) == 1


def test_a_certificate_renewed_meanwhile_reminds_of_nothing():
    ends = clock.today() + timedelta(days=30)
    certificate_id = certificate(ends)
    account()
    recorded(certificate_id, ends)
    with transaction() as db:
        db.execute(update(Certificate).values(valid_to=ends + timedelta(days=365)))
    remind_due()
    assert inbox() == []
    with reading() as db:
        assert "stale" in set(db.scalars(select(Reminder.outcome)))


def test_a_new_deadline_retires_the_steps_of_the_old_one():
    ends = clock.today() + timedelta(days=200)
    certificate_id = certificate(ends)
    recorded(certificate_id, ends)
    recorded(certificate_id, ends + timedelta(days=30))
    recorded(certificate_id, ends + timedelta(days=30))
    with reading() as db:
        rows = list(db.scalars(select(Reminder)))
    assert sorted((row.deadline, row.days_before) for row in rows if row.due_at) == sorted(
        (ends + timedelta(days=30), days) for days in (60, 30, 7)
    )
    assert {row.outcome for row in rows if not row.due_at} == {"replaced"}


def test_a_revoked_certificate_has_no_reminders():
    ends = clock.today() + timedelta(days=30)
    recorded(certificate(ends, status="revoked"), ends, status="revoked")
    with reading() as db:
        assert db.scalars(select(Reminder)).all() == []


def test_a_person_without_an_account_is_reminded_when_there_is_one(mail):
    ends = clock.today() + timedelta(days=30)
    recorded(certificate(ends), ends)
    remind_due()
    assert inbox() == []
    account()
    with transaction() as db:
        plan.wake(db, PARTY)
    remind_due()
    send.send_due()
    assert len(inbox()) == len(mail()) == 1


def test_an_account_without_an_address_gets_the_message(mail):
    ends = clock.today() + timedelta(days=30)
    certificate_id = certificate(ends)
    account(email=None)
    recorded(certificate_id, ends)
    remind_due()
    send.send_due()
    assert (len(inbox()), len(mail()), deliveries()) == (1, 0, [])


class _Channel:
    name = "email"

    def __init__(self, *results, found=Outcome.UNKNOWN):
        self.results, self.found, self.sent = list(results), found, []

    def ready(self):
        return True

    def send(self, letter):
        self.sent.append(letter.reference)
        result = self.results.pop(0)
        if isinstance(result, BaseException):
            raise result
        return Result(outcome=result)

    def find(self, reference):
        return self.found


@pytest.fixture
def one_letter():
    ends = clock.today() + timedelta(days=30)
    certificate_id = certificate(ends)
    account()
    recorded(certificate_id, ends)
    remind_due()


def through(monkeypatch, channel):
    monkeypatch.setattr(send, "channels", lambda: {"email": channel})


def test_a_letter_that_certainly_did_not_leave_is_tried_again_later(monkeypatch, one_letter, frozen_clock):
    channel = _Channel(Outcome.NOT_SENT, Outcome.SENT)
    through(monkeypatch, channel)
    send.send_due()
    send.send_due()
    assert len(channel.sent) == 1
    frozen_clock.advance(minutes=1)
    send.send_due()
    assert deliveries() == [("sent", 2)]
    assert len(set(channel.sent)) == 1


def test_a_worker_killed_in_mid_call_never_leads_to_a_second_letter_unless_the_channel_is_sure(
    monkeypatch, one_letter, frozen_clock
):
    channel = _Channel(KeyboardInterrupt(), Outcome.SENT)
    through(monkeypatch, channel)
    with pytest.raises(KeyboardInterrupt):
        send.send_due()
    frozen_clock.advance(minutes=10)
    send.send_due()
    assert (deliveries(), len(channel.sent)) == ([("unknown", 1)], 1)


def test_a_worker_killed_in_mid_call_is_made_up_for_when_the_channel_says_nothing_left(
    monkeypatch, one_letter, frozen_clock
):
    channel = _Channel(KeyboardInterrupt(), Outcome.SENT, found=Outcome.NOT_SENT)
    through(monkeypatch, channel)
    with pytest.raises(KeyboardInterrupt):
        send.send_due()
    frozen_clock.advance(minutes=10)
    send.send_due()
    frozen_clock.advance(minutes=10)
    send.send_due()
    assert deliveries() == [("sent", 2)]


def test_a_supplement_asked_for_is_told_at_once_and_once():
    from profiles.events import SupplementAsked

    account()
    event = SupplementAsked(
        case_id="c" * 32, party_key=PARTY, title="食品经营许可", case_no="1", due=clock.today(), happened_at=clock.now()
    )
    for _time in range(2):
        with transaction() as db:
            handlers.supplement_asked(db, event)
    assert len(inbox()) == 1


def test_events_reach_the_rules_through_the_outbox():
    outbox.register(handlers.HANDLERS)
    ends = clock.today() + timedelta(days=30)
    certificate_id = certificate(ends)
    account()
    with transaction() as db:
        outbox.publish(
            db,
            CertificateRecorded(
                certificate_id=certificate_id,
                party_key=PARTY,
                name="从业人员健康合格证明",
                number_masked="粤*",
                issuer="顺德区卫生健康局",
                valid_to=ends,
                status="valid",
            ),
        )
    assert outbox.deliver_due() == 1
    remind_due()
    assert len(inbox()) == 1


def test_who_opens_two_step_sign_in_gets_a_letter_at_once_even_at_night(frozen_clock, mail):
    owner = account()
    frozen_clock.set(clock.local(clock.now()).replace(hour=23))
    event = FactorChanged(account_id=owner, factor="totp", change="added", by="self", authenticator="a" * 32, left=1)
    for _time in range(2):
        with transaction() as db:
            handlers.factor_changed(db, event)
        send.send_due()
    (letter,) = mail()
    assert letter.to == "chen@example.invalid"
    assert letter.subject == "两步验证已开通"
    assert "/account/two-step" in letter.text
