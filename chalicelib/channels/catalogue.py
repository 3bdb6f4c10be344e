"""Every provider that can be named: its channel and what it is called."""

from __future__ import annotations

EMAIL = {
    "mailgun": "Mailgun", "mailjet": "Mailjet", "mailtrap": "Mailtrap", "mandrill": "Mandrill", "postmark": "Postmark",
    "sendinblue": "Brevo", "netcore": "Netcore", "mailersend": "MailerSend", "resend": "Resend", "plunk": "Plunk",
    "sendgrid": "SendGrid", "ses": "SES", "nodemailer": "Custom SMTP", "outlook365": "Microsoft Outlook365",
    "infobip-email": "Infobip", "braze": "Braze", "sparkpost": "SparkPost", "email-webhook": "Email Webhook",
}  # fmt: skip
SMS = {
    "nexmo": "Vonage", "burst-sms": "BurstSMS", "maqsam": "Maqsam", "plivo": "Plivo", "twilio": "Twilio",
    "sms77": "sms77", "firetext": "Firetext", "termii": "Termii", "sendchamp": "Sendchamp",
    "simpletexting": "SimpleTexting", "brevo-sms": "Brevo", "clickatell": "Clickatell", "sns": "SNS",
    "telnyx": "Telnyx", "messagebird": "MessageBird", "azure-sms": "Azure SMS", "gupshup": "Gupshup",
    "forty-six-elks": "46elks", "infobip-sms": "Infobip", "bulk-sms": "Bulk SMS", "isend-sms": "iSend SMS",
    "kannel": "Kannel SMS", "sms-central": "SMS Central", "africas-talking": "Africa's Talking",
    "clicksend": "ClickSend", "bandwidth": "Bandwidth", "ring-central": "RingCentral", "eazy-sms": "Eazy",
    "generic-sms": "Generic SMS",
}  # fmt: skip
CHAT = {
    "slack": "Slack", "discord": "Discord", "msteams": "MSTeams", "mattermost": "Mattermost", "ryver": "Ryver",
    "zulip": "Zulip", "grafana-on-call": "Grafana On Call Webhook", "getstream": "GetStream",
    "rocket-chat": "Rocket.Chat", "whatsapp-business": "WhatsApp Business",
}  # fmt: skip
PUSH = {
    "fcm": "Firebase Cloud Messaging", "expo": "Expo Push", "apns": "APNs", "one-signal": "OneSignal",
    "pushpad": "Pushpad", "push-webhook": "Push Webhook", "pusher-beams": "Pusher Beams",
}  # fmt: skip
IN_APP = {"novu": "Novu In-App"}
BY_CHANNEL = {"email": EMAIL, "sms": SMS, "chat": CHAT, "push": PUSH, "in_app": IN_APP}
DEMO = frozenset({"novu-email", "novu-sms"})  # need an account of the operator, which nobody offers here


def name_of(provider_id: str, channel: str) -> str:
    """Give the display name of a provider; one that is not listed is called by its id."""
    return BY_CHANNEL[channel].get(provider_id) or provider_id[:1].upper() + provider_id[1:]
