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
from chalicelib.core import ids
from chalicelib.core.errors import Conflict, InvalidInput, PlatformError, TooLarge, Unavailable
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
        is_off = wish is None or (wish.get("enabled") is False and old is not None)
        if not is_off:
            new = _wanted(bot, integration_id, wish, old)
            if new is None:
                continue
            there[integration_id] = new
            orders.changed.append(new)
        elif old is not None:
            _end(old, orders, removes=wish is None)
    staying = [one for one in there.values() if not one.removing]
    _check_together(staying)
    for one in orders.changed:
        orders.writes += [one.change_if_unchanged(), *one.side_writes()]
    return orders


def _end(old: Installation, orders: Orders, *, removes: bool) -> None:
    is_over = old.status in (installations.UNREGISTERED, installations.UNREGISTRATION_FAILED)
    old.enabled, old.removing = False, removes
    if is_over and removes:
        orders.dropped.append(old)
        return
    if old.status != installations.UNREGISTERED:
        old.status, old.reason, old.turn = installations.UNREGISTRATION_PENDING, None, old.turn + 1
        orders.changed.append(old)


def _wanted(bot: Bot, integration_id: str, wish: Json, old: Installation | None) -> Installation | None:
    """Build an installation as it is wished; None when it is so already."""
    where = f"body.integrations.{integration_id}"
    found = Integration.get(bot.workspace_id, id=integration_id) or integrations.find_public(integration_id)
    if found is None:
        raise InvalidInput.at(where, "there is no such integration", "reference")
    if found.dev and not bot.dev:
        raise Conflict(f"{found.name} is a dev integration, and only dev bots may install those")
    before = sealing.open_configuration(old) if old else {}
    configuration = before if wish.get("configuration") is None else wish["configuration"]
    if found.configuration_schema is not None:
        checking.check_data(found.configuration_schema, configuration, f"{where}.configuration")
    if len(orjson.dumps(configuration)) > MAX_SETTINGS_BYTES:
        raise TooLarge(f"the configuration of an integration may have {MAX_SETTINGS_BYTES} bytes")
    is_same = old is not None and old.enabled and not old.removing and configuration == before
    if is_same and old is not None and old.status == installations.REGISTERED:
        return None
    made = old or Installation.new(
        bot.home,
        id=found.id,
        bot_id=bot.id,
        owner=found.workspace_id,
        name=found.name,
        version=found.version,
        webhook_id=ids.secret_text(24),
    )
    made.enabled, made.removing = wish.get("enabled") is not False, False
    made.status = installations.REGISTRATION_PENDING if made.enabled else installations.UNREGISTERED
    made.reason, made.turn = None, made.turn + 1
    sealing.seal_configuration(made, configuration)
    return made


def _check_together(staying: list[Installation]) -> None:
    if len(staying) > MAX_INSTALLED:
        raise TooLarge(f"a bot may have {MAX_INSTALLED} integrations")
    names: set[str] = set()
    for one in staying:
        if one.name in names:
            raise Conflict(f"another version of {one.name} is installed; remove it in the same update")
        names.add(one.name)


def carry_out(body: Json) -> None:
    """Register or unregister an integration as its last order says, and note how that went. Raises Unavailable."""
    place = bots.place_of(body["b"])
    if place is None:
        return
    workspace_id, home = place
    installed = Installation.get(home, bot_id=body["b"], id=body["i"])
    if installed is None or installed.turn != body["t"] or not installed.status.endswith("_pending"):
        return
    is_on = installed.status == installations.REGISTRATION_PENDING
    fault = ask(workspace_id, installed, "register" if is_on else "unregister")
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


def ask(workspace_id: str, installed: Installation, operation: str) -> str | None:
    """Send `register` or `unregister`; None when that went well, else why not. Raises Unavailable."""
    integration = Integration.get(installed.owner, id=installed.id)
    if integration is None:
        return "the integration is gone"
    try:
        reply = calling.to_integration(
            workspace_id, installed, integration, operation, {"webhookUrl": calling.webhook_url(installed.webhook_id)}
        )
    except Unavailable:
        raise
    except PlatformError as error:
        logs.log("integration.refused", operation=operation, integration=installed.id, reason=error.message)
        return calling.reason_of(error)
    return None if reply.is_good else reply.complaint()
