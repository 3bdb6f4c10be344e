"""The pages a user's browser may see: a sentence each, nothing of the request, nothing from elsewhere."""

from __future__ import annotations

DONE = "done"
_TEXTS = {
    DONE: ("Connected", "Access was granted. You can close this window."),
    "state": ("This link no longer works", "It has been used, or is too old. Please start again."),
    "access_denied": ("Not connected", "Access was not granted. Nothing was stored."),
    "provider": ("Not connected", "The provider did not complete the request. Please start again."),
    "wrong_provider": ("Not connected", "The answer came from another provider. Nothing was stored."),
    "other_account": ("Not connected", "You signed in with another account than the one to be renewed."),
    "gone": ("Not connected", "What this was meant for no longer exists."),
    "disabled": ("Not connected", "This service is disabled."),
    "settings": ("Not connected", "This service is not set up completely, or was changed meanwhile."),
    "failed": ("Not connected", "Something went wrong. Please start again."),
}
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width"></head><body><h1>{title}</h1><p>{text}</p></body></html>'
)


def page(reason: str) -> str:
    """Give the page for an outcome."""
    title, text = _TEXTS[reason]
    return _PAGE.format(title=title, text=text)
