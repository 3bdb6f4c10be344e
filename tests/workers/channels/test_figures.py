"""What became of messages is counted for their workspace: steps that deliver, not those that wait."""

from __future__ import annotations

from collections import Counter

from chalicelib.durable import counts
from tests.workers.channels.office import Office, delay, in_app

RESEND = "https://api.resend.com/emails"
MAIL = {"template": {"type": "email", "subject": "S", "contentType": "customHtml", "content": "Hi"}}


def counted(office: Office) -> dict[str, int]:
    total: Counter[str] = sum(counts.of_day(office.client.key, "2026-01-01").values(), Counter())
    return {name: amount for name, amount in total.items() if name.startswith("Channel")}


def test_every_outcome_of_a_step_is_counted_once(office: Office) -> None:
    office.integration("resend", "email", apiKey="k", **{"from": "a@example.com"})
    office.http.answer(RESEND, 503)
    office.http.answer(RESEND, 200, b'{"id": "x"}')
    never = {
        "filters": [{"value": "AND", "children": [{"on": "payload", "field": "n", "operator": "EQUAL", "value": "7"}]}]
    }
    office.workflow(delay(1, "seconds"), MAIL, in_app("after"), in_app("not meant", **never))
    office.trigger(payload={"n": "1"})
    office.pump()
    office.wait_s(5)
    assert counted(office) == {"ChannelMessagesRetried": 1}
    office.wait_s(600)
    assert counted(office) == {"ChannelMessagesRetried": 1, "ChannelMessagesSent": 2, "ChannelMessagesSkipped": 1}


def test_a_message_that_is_refused_for_good_is_counted_as_failed(office: Office) -> None:
    office.integration("resend", "email", apiKey="k", **{"from": "a@example.com"})
    office.http.answer(RESEND, 422)
    office.workflow(MAIL)
    office.trigger()
    office.pump()
    assert counted(office) == {"ChannelMessagesFailed": 1}
