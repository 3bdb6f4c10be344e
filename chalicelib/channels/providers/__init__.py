"""The providers that deliver, by id. One that is not here can be set up, and refuses at delivery."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.channels.providers import (
    apns,
    brevo,
    chat_webhooks,
    expo,
    fcm,
    generic_sms,
    mailgun,
    one_signal,
    postmark,
    resend,
    sendgrid,
    ses,
    smtp,
    sns,
    twilio,
    vonage,
    webhooks,
)
from chalicelib.channels.providers.base import Order, Refused, Sent, in_two_words

Send = Callable[[Order], Sent]

DELIVERING: dict[str, Send] = {
    "nodemailer": smtp.send,
    "ses": ses.send,
    "mailgun": mailgun.send,
    "sendgrid": sendgrid.send,
    "postmark": postmark.send,
    "resend": resend.send,
    "sendinblue": brevo.send,
    "email-webhook": webhooks.email,
    "sns": sns.send,
    "twilio": twilio.send,
    "nexmo": vonage.send,
    "generic-sms": generic_sms.send,
    "slack": chat_webhooks.slack,
    "mattermost": chat_webhooks.mattermost,
    "zulip": chat_webhooks.slack,
    "discord": chat_webhooks.discord,
    "ryver": chat_webhooks.ryver,
    "msteams": chat_webhooks.teams,
    "fcm": fcm.send,
    "apns": apns.send,
    "expo": expo.send,
    "one-signal": one_signal.send,
    "push-webhook": webhooks.push,
}


def deliver(provider_id: str, order: Order) -> Sent:
    """Hand a letter to a provider. Raises Refused when it never will be taken, Deferred when it may be later."""
    send = DELIVERING.get(provider_id)
    if send is None:
        raise Refused(f"the provider {provider_id} cannot be delivered to from here")
    with in_two_words():
        return send(order)
