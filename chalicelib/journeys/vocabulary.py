"""The standard words: event types with their properties, contexts, properties of customers. Nodes may add to them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_TEXT = ["EQUALS", "NOT_EQUALS", "CONTAINS", "NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH", "IN", "NOT_IN"]
_EXISTS = ["EXISTS", "NOT_EXISTS"]
_ORDER = ["GREATER_THAN", "GREATER_OR_EQUAL", "LESS_THAN", "LESS_OR_EQUAL", "BETWEEN"]
_TIME = ["BEFORE", "AFTER", "BETWEEN", "IN_LAST"]
OPERATORS = {
    "string": _TEXT + _EXISTS,
    "integer": ["EQUALS", "NOT_EQUALS", "IN", "NOT_IN", *_ORDER, *_EXISTS],
    "number": ["EQUALS", "NOT_EQUALS", "IN", "NOT_IN", *_ORDER, *_EXISTS],
    "boolean": ["EQUALS", "NOT_EQUALS", *_EXISTS],
    "date": ["EQUALS", "NOT_EQUALS", *_TIME, *_EXISTS],
    "date-time": [*_TIME, *_EXISTS],
    "array": ["CONTAINS", "NOT_CONTAINS", *_EXISTS],
    "object": _EXISTS,
}
CONTEXTS = {
    "WEB": "Web site",
    "MOBILE": "Mobile app",
    "ECOMMERCE": "Online shop",
    "RETAIL": "Shop",
    "IOT": "Devices",
    "SOCIAL": "Social networks",
    "CONTACT_CENTER": "Contact centre",
    "DIGITAL_CAMPAIGN": "Campaigns",
    "OTHER": "Other",
}
_CAMPAIGN = {"campaignName": "string", "subject": "string", "channel": "string", "automationUuid": "string"}
_ORDERED = {"orderId": "string", "amount": "number", "currency": "string", "products": "array"}
_PRODUCT = {"id": "string", "name": "string", "price": "number", "category": "string", "url": "string"}
_PAGE = {"url": "string", "title": "string", "path": "string"}
_TICKET = {"ticketId": "string", "subject": "string", "category": "string"}
_NAMED = {"name": "string"}

# event type -> label, its properties; those in _PASSIVE happen to a customer, who does nothing
_EVENTS: dict[str, tuple[str, dict[str, str]]] = {
    "campaignSent": ("Campaign sent", _CAMPAIGN),
    "campaignOpened": ("Campaign opened", _CAMPAIGN),
    "campaignLinkClicked": ("Link in a campaign clicked", _CAMPAIGN | {"url": "string"}),
    "campaignBounced": ("Campaign bounced", _CAMPAIGN | {"type": "string"}),
    "campaignUnsubscribed": ("Unsubscribed from campaigns", _CAMPAIGN),
    "campaignMarkedSpam": ("Campaign marked as spam", _CAMPAIGN),
    "campaignSubscribed": ("Subscribed to campaigns", _CAMPAIGN),
    "campaignBlacklisted": ("Blocked from campaigns", _CAMPAIGN),
    "completedOrder": ("Order completed", _ORDERED),
    "abandonedCart": ("Cart abandoned", _ORDERED | {"url": "string"}),
    "orderShipped": ("Order shipped", _ORDERED | {"trackingUrl": "string"}),
    "addedProduct": ("Product added to the cart", _PRODUCT | {"quantity": "integer"}),
    "removedProduct": ("Product removed from the cart", _PRODUCT | {"quantity": "integer"}),
    "addedWishlist": ("Product added to the wish list", _PRODUCT),
    "removedWishlist": ("Product removed from the wish list", _PRODUCT),
    "addedCompare": ("Product added to a comparison", _PRODUCT),
    "removedCompare": ("Product removed from a comparison", _PRODUCT),
    "viewedProduct": ("Product viewed", _PRODUCT),
    "reviewedProduct": ("Product reviewed", _PRODUCT | {"rating": "number"}),
    "viewedPage": ("Page viewed", _PAGE),
    "viewedProductCategory": ("Category viewed", {"category": "string", "url": "string"}),
    "clickedLink": ("Link clicked", _PAGE),
    "searched": ("Searched", {"keyword": "string", "resultCount": "integer"}),
    "formCompiled": ("Form filled in", {"formId": "string", "formName": "string", "data": "object"}),
    "loggedIn": ("Logged in", {}),
    "loggedOut": ("Logged out", {}),
    "changedSetting": ("Setting changed", {"setting": "string", "oldValue": "string", "newValue": "string"}),
    "serviceSubscribed": ("Subscribed to a service", {"serviceId": "string", "serviceName": "string"}),
    "serviceUnsubscribed": ("Unsubscribed from a service", {"serviceId": "string", "serviceName": "string"}),
    "openedTicket": ("Ticket opened", _TICKET),
    "repliedTicket": ("Ticket replied to", _TICKET),
    "closedTicket": ("Ticket closed", _TICKET),
    "eventInvited": ("Invited to an event", {"eventId": "string", "eventName": "string"}),
    "eventParticipated": ("Took part in an event", {"eventId": "string", "eventName": "string"}),
    "genericActiveEvent": ("Something a customer did", _NAMED),
    "genericPassiveEvent": ("Something that happened to a customer", _NAMED),
}
_PASSIVE = frozenset(
    {
        "campaignSent",
        "campaignBounced",
        "campaignBlacklisted",
        "abandonedCart",
        "orderShipped",
        "closedTicket",
        "eventInvited",
        "genericPassiveEvent",
    }
)
_CONTEXT_PROPERTIES: dict[str, dict[str, str]] = {
    "WEB": {"url": "string", "referrer": "string", "userAgent": "string", "ip": "string"},
    "MOBILE": {"app": "string", "version": "string", "device": "string", "os": "string"},
    "ECOMMERCE": {"store": "string", "currency": "string"},
    "RETAIL": {"storeCode": "string", "store": "string"},
    "IOT": {"device": "string", "model": "string"},
    "SOCIAL": {"network": "string", "account": "string"},
    "CONTACT_CENTER": {"agent": "string", "channel": "string"},
    "DIGITAL_CAMPAIGN": {"campaignId": "string", "channel": "string"},
    "OTHER": {},
}
_CUSTOMER: dict[str, str] = {
    "base.firstName": "string",
    "base.lastName": "string",
    "base.title": "string",
    "base.gender": "string",
    "base.dob": "date",
    "base.locale": "string",
    "base.timezone": "string",
    "base.pictureUrl": "string",
    "base.contacts.email": "string",
    "base.contacts.phone": "string",
    "base.contacts.mobilePhone": "string",
    "base.contacts.fax": "string",
    "base.address.street": "string",
    "base.address.zip": "string",
    "base.address.city": "string",
    "base.address.province": "string",
    "base.address.country": "string",
    "base.job.companyName": "string",
    "base.job.jobTitle": "string",
    "tags.manual": "array",
    "tags.auto": "array",
    "registeredAt": "date-time",
    "updatedAt": "date-time",
    "externalId": "string",
}


def attribute(kind: str, label: str | None = None) -> Json:
    """Describe a value of a kind; lists are of texts."""
    made: Json = {"type": kind, "operators": OPERATORS[kind]}
    if kind == "array":
        made["items"] = "string"
    return made if label is None else {**made, "label": label}


def events() -> dict[str, Json]:
    """Describe the standard event types."""
    return {
        name: {
            "label": label,
            "mode": "PASSIVE" if name in _PASSIVE else "ACTIVE",
            "contexts": list(CONTEXTS),
            "attributes": {part: attribute(kind) for part, kind in properties.items()},
        }
        for name, (label, properties) in _EVENTS.items()
    }


def contexts() -> dict[str, Json]:
    """Describe the contexts events come from."""
    return {
        name: {
            "label": label,
            "attributes": {part: attribute(kind) for part, kind in _CONTEXT_PROPERTIES[name].items()},
        }
        for name, label in CONTEXTS.items()
    }


def customer_properties() -> dict[str, Json]:
    """Describe the standard properties of customers."""
    return {path: attribute(kind) for path, kind in _CUSTOMER.items()}
