"""CLAB_CAMPAIGN: one mail to the token's address."""

from __future__ import annotations

from chalicelib.journeys import consents, marks, materials, sending
from chalicelib.journeys.marks import Kind, Mark
from chalicelib.journeys.models import nodes
from chalicelib.journeys.rules import placeholders
from chalicelib.journeys.rules.placeholders import Place
from chalicelib.journeys.steps import messages
from chalicelib.journeys.steps.outcomes import Broken, Done, Job, Outcome


def run(job: Job) -> Outcome:
    """Send the mail, or leave it out for lack of an address or consent."""
    address, wanted = job.identity.email, job.parameters.get("subscriptionId")
    if address is None:
        return Done(messages.SKIPPED)
    if not nodes.is_on(job.node, "email"):
        return Broken("mails are switched off for this node")
    return messages.send(
        job,
        lambda: address if consents.allows(job.node, job.identity, f"mail:{address}", wanted) else None,
        lambda to: letter_of(job, to),
        lambda letter: sending.mail(job.head.workspace_id, job.node.id, letter),
    )


def letter_of(job: Job, address: str) -> sending.Mail:
    """Render the mail. Raises Missing for a placeholder without value, NotFound for a model or page that is gone."""
    given, values = job.parameters, {**job.attributes, "unsubscribeUrl": _address(job, Kind.UNSUBSCRIBE)}
    model = materials.mail_model(job.head.workspace_id, job.node.id, int(given["modelIdentifier"]))
    may_miss = given.get("missingPlaceholder") == "EMPTY"

    def filled(template: str, place: Place) -> str:
        return placeholders.fill(template, values, place, may_miss=may_miss)

    html = filled(_html(job), Place.HTML)
    link = (lambda url: _address(job, Kind.CLICK, url)) if given.get("trackClicks", True) else None
    pixel = _address(job, Kind.OPEN) if given.get("trackOpens", True) else None
    unsubscribe = values["unsubscribeUrl"]
    reference = {"customRef": str(given["customRef"])} if given.get("customRef") else {}
    return sending.Mail(
        to=address,
        subject=filled(str(given.get("subject") or model.get("subject") or ""), Place.LINE),
        key=f"journey:{job.key}",
        sender_email=given.get("senderEmail") or model.get("senderEmail"),
        sender_name=filled(str(given.get("senderName") or model.get("senderName") or ""), Place.LINE),
        reply_to=given.get("senderReplyTo") or model.get("senderReplyTo"),
        html=marks.tracked(html, link, pixel) if html else "",
        text=filled(str(given.get("textContent") or ""), Place.TEXT),
        headers={"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        metadata={
            "tokenUuid": job.token,
            "stepUuid": str(job.step["uuid"]),
            "automationUuid": job.head.id,
            **reference,
        },
    )


def _html(job: Job) -> str:
    given = job.parameters
    if given.get("contentSource") != "PAGE_BUILDER":
        return str(given.get("htmlContent") or "")
    page = given.get("pageBuilder") or {}
    return materials.page_html(job.head.workspace_id, job.node.id, int(page["templateId"]), int(page["pageId"]))


def _address(job: Job, kind: Kind, url: str = "") -> str:
    return marks.address(Mark(kind, job.head.workspace_id, job.node.id, job.token, str(job.step["uuid"]), url))
