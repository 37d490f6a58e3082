import socket
import threading

import pytest

from kernel import settings
from subscriptions.channel import Letter, Outcome
from subscriptions.mail import folder
from subscriptions.mail import smtp as smtp_mail
from subscriptions.settings import SubscriptionsSettings

LETTER = Letter(
    reference="0199c0ffee",
    address="chen@example.invalid",
    subject="“健康合格证明”将在4月6日到期\r\nBcc: everyone@example.invalid",
    text="您好：\n\n请办理。",
    locale="zh_CN",
)


@pytest.fixture(autouse=True)
def section():
    settings.load(settings.KernelSettings, SubscriptionsSettings, environ={**_environment()})


def _environment():
    from tests.conftest import SECRETS

    return {"KAPOK_DEMO": "1", **SECRETS}


def test_a_letter_arrives_with_our_reference_and_its_line_break_starts_no_header(smtp):
    result = _send(smtp.url)
    assert result.outcome is Outcome.SENT
    received = smtp.wait_for(1)[0]
    assert received.recipients == ("chen@example.invalid",)
    assert received.message["Message-ID"] == "<0199c0ffee@kapok>"
    assert received.message["Bcc"] is None
    assert received.message["Subject"].startswith("“健康合格证明”将在4月6日到期")
    assert "请办理" in received.message.get_content()


def test_a_server_that_says_later_has_not_got_the_letter(smtp):
    smtp.refuse("451 4.3.0 try later")
    assert _send(smtp.url).outcome is Outcome.NOT_SENT


def test_a_server_that_refuses_for_good_is_not_asked_again(smtp):
    smtp.refuse("554 5.7.1 no")
    assert _send(smtp.url).outcome is Outcome.REFUSED


def test_a_server_that_is_not_there_has_not_got_the_letter():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert _send(f"smtp://127.0.0.1:{port}").outcome is Outcome.NOT_SENT


def test_a_connection_lost_after_the_text_leaves_the_outcome_unknown():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_hang_up_after_data, args=(server,))
        thread.start()
        outcome = _send(f"smtp://127.0.0.1:{server.getsockname()[1]}").outcome
        thread.join(5)
    assert outcome is Outcome.UNKNOWN


def test_a_letter_put_into_the_folder_twice_is_there_once(tmp_path):
    assert folder.find(tmp_path, LETTER.reference) is Outcome.NOT_SENT
    for _attempt in range(2):
        assert folder.send(tmp_path, LETTER).outcome is Outcome.SENT
    assert folder.find(tmp_path, LETTER.reference) is Outcome.SENT
    kept = list(folder.newest(tmp_path))
    assert [(mail.to, mail.reference) for mail in kept] == [("chen@example.invalid", LETTER.reference)]


def _send(url):
    return smtp_mail.send(smtp_mail.server(url), LETTER)


def _hang_up_after_data(server):
    connection, _address = server.accept()
    with connection, connection.makefile("rwb") as stream:
        stream.write(b"220 here\r\n")
        stream.flush()
        while line := stream.readline():
            if line.upper().startswith(b"DATA"):
                stream.write(b"354 go on\r\n")
                stream.flush()
                while stream.readline() not in (b".\r\n", b""):
                    pass
                return
            stream.write(b"250 ok\r\n")
            stream.flush()
