"""Installing integrations in bots: orders written with the bot, carried out from the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from chalicelib.adapters import logs, queue
from chalicelib.adapters.queue import Letter
from chalicelib.chat import calling, checking, queues, sealing
from chalicelib.chat.models import bots, installations, integrations, log_lines
from chalicelib.chat.models.bots import Bot
from chalicelib.chat.models.installations import Installation
from chalicelib.chat.models.integrations import Integration
from chalicelib.core import clock, ids
from chalicelib.core.errors import Conflict, InvalidInput, PlatformError, QuotaExceeded, TooLarge, Unavailable
from chalicelib.storage.table import Write

MAX_INSTALLED = 30
MAX_SETTINGS_BYTES = 10_000  # they travel in a header, base64
Json = dict[str, Any]


@dataclass
class Orders:
    """What an update of a bot means for its installations: writes to go with it, then messages to send."""

    writes: list[Write] = field(default_factory=list)
    changed: list[Installation] = field(default_factory=list)
    dropped: list[Installation] = field(default_factory=list)

    def send(self) -> None:
        """Have what was written carried out. Raises Unavailable: the update may be repeated."""
        letters = [Letter({"b": one.bot_id, "i": one.id, "t": one.turn}) for one in self.changed]
        queue.send_many(queues.SETUP, letters)
        for one in self.dropped:
            one.erase()


def plan(bot: Bot, sent: Mapping[str, Any]) -> Orders:
    """Read what was sent of a bot's integrations: by id, null removes. Raises InvalidInput, Conflict, TooLarge."""
    there = {one.id: one for one in installations.installed_in(bot.home, bot.id)}
    orders = Orders()
    for integration_id, wish in sent.items():
        old = there.get(integration_id)
        if wish is None:
            if old is not None:
                _remove(old, orders)
            continue
        new = _wanted(bot, integration_id, wish, old)
        if new is not None:
            there[integration_id] = new
            orders.changed.append(new)
    staying = [one for one in there.values() if not one.removing]
    _check_together(staying)
    for one in orders.changed:
        orders.writes += [one.change_if_unchanged(), *one.side_writes()]
    return orders


def _remove(old: Installation, orders: Orders) -> None:
    is_over = old.status in (installations.UNREGISTERED, installations.UNREGISTRATION_FAILED)
    old.enabled, old.removing = False, True
    if is_over:
        orders.dropped.append(old)
    else:
        orders.changed.append(_ordered(old, installations.UNREGISTRATION_PENDING))


def _wanted(bot: Bot, integration_id: str, wish: Json, old: Installation | None) -> Installation | None:
    """Build an installation as it is wished; what the wish leaves out stays. None when it is so already."""
    is_on = wish.get("enabled", True if old is None or old.removing else old.enabled)
    if old is not None and not is_on and "configuration" not in wish:
        return _switched_off(old)
    found, configuration = _configured(bot, integration_id, wish, old)
    is_same = old is not None and not old.removing and configuration == sealing.open_configuration(old)
    if is_same and old is not None and is_on and old.enabled and old.status == installations.REGISTERED:
        return None
    made = old or Installation.new(
        bot.home,
        id=found.id,
        bot_id=bot.id,
        owner=found.workspace_id,
        name=found.name,
        version=found.version,
        webhook_id=ids.secret_text(24),
        status=installations.UNREGISTERED,
    )
    if not is_same:
        sealing.seal_configuration(made, configuration)
    if not is_on:
        return _switched_off(made) or (None if is_same else made)
    made.enabled, made.removing = True, False
    return _ordered(made, installations.REGISTRATION_PENDING)


def _configured(bot: Bot, integration_id: str, wish: Json, old: Installation | None) -> tuple[Integration, Json]:
    """Find the integration and check what it is to be configured with. Raises InvalidInput, Conflict, TooLarge."""
    where = f"body.integrations.{integration_id}"
    found = Integration.get(bot.workspace_id, id=integration_id) or integrations.find_public(integration_id)
    if found is None:
        raise InvalidInput.at(where, "there is no such integration", "reference")
    if found.dev and not bot.dev:
        raise Conflict(f"{found.name} is a dev integration, and only dev bots may install those")
    before = sealing.open_configuration(old) if old else {}
    configuration = wish.get("configuration", before)
    if found.configuration_schema is not None:
        checking.check_data(found.configuration_schema, configuration, f"{where}.configuration")
    if len(orjson.dumps(configuration)) > MAX_SETTINGS_BYTES:
        raise TooLarge(f"the configuration of an integration may have {MAX_SETTINGS_BYTES} bytes")
    return found, configuration


def _switched_off(item: Installation) -> Installation | None:
    """Have an installation unregistered; None when it is."""
    item.enabled, item.removing = False, False
    if item.status == installations.UNREGISTERED:
        return None
    return _ordered(item, installations.UNREGISTRATION_PENDING)


def _ordered(item: Installation, status: str) -> Installation:
    """Give the next order; `status` says what is awaited."""
    item.status, item.reason = status, None
    item.turn, item.ordered_at = item.turn + 1, clock.now_ms()
    return item


def _check_together(staying: list[Installation]) -> None:
    if len(staying) > MAX_INSTALLED:
        raise TooLarge(f"a bot may have {MAX_INSTALLED} integrations")
    names: set[str] = set()
    for one in staying:
        if one.name in names:
            raise Conflict(f"another version of {one.name} is installed; remove it in the same update")
        names.add(one.name)


def carry_out(body: Json) -> None:
    """Register or unregister an integration as its last order says, and note how that went. Raises Unavailable.

    A message of the due index names no turn: it means whichever order is open.
    """
    place = bots.place_of(body["b"])
    if place is None:
        return
    workspace_id, home = place
    installed = Installation.get(home, bot_id=body["b"], id=body["i"])
    if installed is None or body.get("t", installed.turn) != installed.turn:
        return
    if installed.status not in installations.PENDING:
        return
    is_on = installed.status == installations.REGISTRATION_PENDING
    try:
        fault = ask(workspace_id, installed, "register" if is_on else "unregister")
    except QuotaExceeded as error:
        _put_off(installed, error)
        return
    if fault is None and installed.removing:
        installed.erase()
        return
    good, bad = (
        (installations.REGISTERED, installations.REGISTRATION_FAILED)
        if is_on
        else (installations.UNREGISTERED, installations.UNREGISTRATION_FAILED)
    )
    installations.set_status(installed, good if fault is None else bad, fault)
    if fault is not None:
        log_lines.write_line(home, installed.bot_id, "error", f"{installed.name}: {bad.replace('_', ' ')}: {fault}")


def _put_off(installed: Installation, error: QuotaExceeded) -> None:
    installations.put_off(installed, clock.now_ms() + error.pause_s * 1000)
    log_lines.write_line(installed.workspace_id, installed.bot_id, "warn", f"{installed.name} waits: {error.message}")


def ask(workspace_id: str, installed: Installation, operation: str) -> str | None:
    """Send `register` or `unregister`; None when that went well, else why not. Raises QuotaExceeded, Unavailable."""
    integration = Integration.get(installed.owner, id=installed.id)
    if integration is None:
        return "the integration is gone"
    try:
        reply = calling.to_integration(
            workspace_id, installed, integration, operation, {"webhookUrl": calling.webhook_url(installed.webhook_id)}
        )
    except (QuotaExceeded, Unavailable):
        raise
    except PlatformError as error:
        logs.log("integration.refused", operation=operation, integration=installed.id, reason=error.message)
        return calling.reason_of(error)
    return None if reply.is_good else reply.complaint()
