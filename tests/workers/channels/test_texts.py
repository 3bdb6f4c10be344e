"""What texts are made of beside the payload: who set the event off, defaults, the looks of the organization."""

from __future__ import annotations

from typing import Any

from tests.workers.channels.office import Office, digest, in_app
from tests.workers.channels.test_mail import account, mailbox, step  # noqa: F401 fixtures

Mailboxes = tuple[Any, int]


def html(mailbox: Mailboxes, number: int = 0) -> str:  # noqa: F811
    body = mailbox[0].mails()[number].get_body(("html",))
    assert body is not None
    return str(body.get_content())


def messages(office: Office) -> list[dict[str, Any]]:
    return list(office.client.get("/v1/subscribers/ann/notifications/feed").body["data"])


def test_the_actor_is_a_subscriber_as_it_stands(office: Office) -> None:
    office.post("/v1/subscribers", {"subscriberId": "eve", "firstName": "Eve", "avatar": "https://example.com/e.png"})
    shown = {"type": "user"}
    office.workflow({"template": {"type": "in_app", "content": "{{actor.firstName}} wrote", "actor": shown}})
    office.trigger(actor="eve")
    office.pump()
    (message,) = messages(office)
    assert message["content"] == "Eve wrote"
    assert message["actor"] == {"type": "user", "data": "https://example.com/e.png"}


def test_an_unknown_actor_becomes_a_subscriber(office: Office) -> None:
    office.workflow(in_app("{{actor.firstName}}"))
    office.trigger(actor={"subscriberId": "new", "firstName": "New"})
    office.pump()
    assert (office.feed(), office.feed("new")) == (["New"], [])
    assert office.client.get("/v1/subscribers/new").body["data"]["firstName"] == "New"


def test_an_icon_stands_as_the_step_says_and_none_is_not_shown(office: Office) -> None:
    for name, actor in (("icon", {"type": "system_icon", "data": "info"}), ("bare", {"type": "none", "data": None})):
        made = office.workflow({"template": {"type": "in_app", "content": name, "actor": actor}}, name=name)
        assert made["steps"][0]["template"]["actor"] == actor
        office.trigger(name=name)
        office.pump()
        office.clock.advance_s(1)
    assert [one.get("actor") for one in messages(office)] == [None, {"type": "system_icon", "data": "info"}]


def test_defaults_fill_objects_too(office: Office) -> None:
    listed = [{"name": "who.name", "defaultValue": "you"}, {"name": "n", "defaultValue": 1}]
    office.workflow({"template": {"type": "in_app", "content": "{{who.name}} {{who.age}} {{n}}", "variables": listed}})
    payload = {"who": {"age": 7}}
    office.trigger(payload=payload)
    office.trigger(payload={"who": {"name": "Ann", "age": 8}, "n": 2})
    office.pump()
    assert sorted(office.feed()) == ["Ann 8 2", "you 7 1"]
    assert payload == {"who": {"age": 7}}


def test_the_looks_of_the_organization_are_known_to_texts(
    office: Office,
    mailbox: Mailboxes,  # noqa: F811
    account: dict[str, Any],  # noqa: F811
) -> None:
    office.integration("nodemailer", "email", **account)
    office.workflow(in_app("{{branding.color}}"), step("<p>{{branding.logo}}|{{branding.color}}</p>"))
    office.trigger()
    office.pump()
    assert (office.feed(), html(mailbox).strip()) == (["#f47373"], "<p>|#f47373</p>")
    office.clock.advance_s(1)
    logo = "https://example.com/l.png"
    office.client.put("/v1/organizations/branding", {"logo": logo, "color": "#fff"})
    office.trigger()
    office.pump()
    assert (office.feed()[0], html(mailbox, 1).strip()) == ("#fff", f"<p>{logo}|#fff</p>")


def test_a_layout_brings_its_defaults_and_shows_the_preheader_once(
    office: Office,
    mailbox: Mailboxes,  # noqa: F811
    account: dict[str, Any],  # noqa: F811
) -> None:
    office.integration("nodemailer", "email", **account)
    content = "<html><body class='x'>{{team}}: {{{body}}}</body></html>"
    variables = [{"name": "team", "type": "String", "defaultValue": "Shop"}]
    plain = office.post("/v1/layouts", {"name": "plain", "content": content, "variables": variables})["_id"]
    own = "<body><i>{{preheader}}</i>{{{body}}}</body>"
    office.post("/v1/layouts", {"name": "own", "content": own})
    office.workflow(step("<p>x</p>", layoutId=plain, preheader="News for {{subscriber.firstName}}"))
    office.trigger()
    office.trigger(payload={"team": "Crew"}, overrides={"layoutIdentifier": "own"})
    office.trigger(payload={"team": "Crew"}, overrides={"layoutIdentifier": "nobody"})
    office.pump()
    assert "Shop: <p>x</p>" in html(mailbox) and html(mailbox).count("News for Ann") == 1
    assert html(mailbox).index("<body class='x'>") < html(mailbox).index("News") < html(mailbox).index("Shop")
    assert html(mailbox, 1).strip() == "<body><i>News for Ann</i><p>x</p></body>"
    assert "Crew: <p>x</p>" in html(mailbox, 2)  # the step's own, because there is no such layout


def test_a_text_of_the_event_stands_in_for_the_page(
    office: Office,
    mailbox: Mailboxes,  # noqa: F811
    account: dict[str, Any],  # noqa: F811
) -> None:
    office.integration("nodemailer", "email", **account)
    office.workflow(step("<p>old</p>"))
    office.trigger(overrides={"email": {"text": "new"}})
    office.pump()
    assert html(mailbox).strip() == "new"


def test_a_chat_address_may_come_with_the_event(office: Office) -> None:
    office.integration("slack", "chat")
    office.client.put("/v1/subscribers/ann/credentials", {"providerId": "slack", "credentials": {}})
    office.http.answer("https://hooks.example.com/p", 200, b"ok")
    office.workflow({"template": {"type": "chat", "content": "x"}})
    transaction = office.trigger(payload={"webhookUrl": "https://hooks.example.com/p"})
    office.pump()
    assert office.jobs(transaction) == ["chat completed"]


def test_files_are_neither_kept_with_messages_nor_shown_with_activity(office: Office) -> None:
    office.workflow(in_app("x"))
    files = [{"name": "a.txt", "mime": "text/plain", "file": "aGVsbG8="}]
    transaction = office.trigger(payload={"n": 1, "attachments": files})
    office.pump()
    assert messages(office)[0]["payload"] == {"n": 1}
    (shown,) = office.client.get(f"/v1/notifications?transactionId={transaction}").body["data"]
    for payload in (shown["payload"], shown["jobs"][0]["payload"]):
        assert payload == {"n": 1, "attachments": [{"name": "a.txt", "mime": "text/plain"}]}


def test_a_mail_carries_megabytes_of_files(
    office: Office,
    mailbox: Mailboxes,  # noqa: F811
    account: dict[str, Any],  # noqa: F811
) -> None:
    import base64

    office.integration("nodemailer", "email", **account)
    office.workflow(step("<p>x</p>"))
    content = bytes(range(256)) * 8_192
    files = [{"name": "a.bin", "mime": "application/x-test", "file": base64.b64encode(content).decode()}]
    office.trigger(payload={"attachments": files})
    office.pump()
    (mail,) = mailbox[0].mails()
    (part,) = [one for one in mail.walk() if one.get_filename()]
    assert part.get_content() == content


def test_events_within_the_time_of_a_backoff_are_collected_however_many_come(office: Office) -> None:
    office.workflow(digest(type="backoff", backoffAmount=1, backoffUnit="hours"), in_app("{{step.digest}} {{n}}"))
    states = []
    for number in range(4):
        transaction = office.trigger(payload={"n": number})
        office.pump()
        states.append(office.jobs(transaction)[0].partition(" ")[2])
        office.wait_s(50 * 60)
    assert states == ["skipped", "delayed", "merged", "delayed"]


def test_what_a_digest_took_is_shown_as_its_own(office: Office) -> None:
    office.workflow(digest(), in_app("x"))
    first, second = office.trigger(), office.trigger()
    office.pump()
    assert office.jobs(second) == ["digest merged", "in_app merged"]
    pages = [office.client.get(f"/v1/notifications?transactionId={one}").body["data"][0] for one in (first, second)]
    assert pages[1]["_digestedNotificationId"] == pages[0]["_id"]
    assert "_digestedNotificationId" not in pages[0]
    assert pages[0]["updatedAt"] <= "2026-01-01T12:00:01"  # it waits until later, but was changed now
