"""Any gateway that takes JSON (provider id generic-sms)."""

from __future__ import annotations

from chalicelib.channels.providers.base import Order, Refused, Sent, Sms, post_form, post_json, text_at


def send(order: Order) -> Sent:
    """Send a text; with authenticateByToken a token is fetched first, and stands in the place of the keys."""
    sms: Sms = order.letter
    headers = {order.need("apiKeyRequestHeader"): order.need("apiKey")}
    if order.get("secretKeyRequestHeader") and order.get("secretKey"):
        headers[order.get("secretKeyRequestHeader")] = order.get("secretKey")
    if order.credentials.get("authenticateByToken"):
        name = order.need("authenticationTokenKey")
        answer, _ = post_form(order, order.need("domain"), {}, headers)
        token = text_at(answer, f"data.{name}") or text_at(answer, name)
        if not token:
            raise Refused("the gateway gave no token")
        headers = {name: token}
    sender = sms.sender or order.get("from")
    body = {"to": sms.to, "from": sender, "content": sms.content, "id": order.id, "sender": sender}
    answer, _ = post_json(order, order.need("baseUrl"), body, headers)
    return Sent(text_at(answer, order.get("idPath", "id")))
