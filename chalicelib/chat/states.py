"""States: set, merged and read by who declared them; gone when nobody has written them for their time."""

from __future__ import annotations

from typing import Any

import orjson

from chalicelib.adapters import queue
from chalicelib.chat import access, checking, expiring, listing, queues
from chalicelib.chat.access import Context
from chalicelib.chat.models import states
from chalicelib.chat.models.people import Conversation, User
from chalicelib.chat.models.states import State
from chalicelib.core import clock, ids
from chalicelib.core.call import Call
from chalicelib.core.errors import InvalidInput, NotFound, TooLarge, VersionConflict
from chalicelib.durable.due import Timer
from chalicelib.storage.table import ConditionFailed

BOT, INTEGRATION, USER, CONVERSATION = "bot", "integration", "user", "conversation"
TYPES = (CONVERSATION, USER, BOT, INTEGRATION)
MAX_PAYLOAD_BYTES = 131_072
_ATTEMPTS = 8
Json = dict[str, Any]


def read(call: Call) -> Json:
    """Show a state. Raises NotFound when it was never set, was cleared, or has expired, InvalidInput for the type."""
    context = access.runtime(call)
    _check_type(call)
    return {"state": expiring.view(_get(call, context))}


def write(call: Call) -> Json:
    """Set a state whole; null clears it. Raises InvalidInput, NotFound, TooLarge."""
    context, sent = access.runtime(call), call.body
    definition = _declared(call, context)
    _check_subject(call, context)
    if sent.payload is not None:
        _check(definition, sent.payload)
    for _ in range(_ATTEMPTS):
        old = State.get(context.home, **_parts(call, context))
        if old is not None and expiring.is_over(old, clock.now_ms()):
            expiring.end(old)  # it expired before this write, and the bot is still to be told
            continue
        item = old or _new(call, context)
        if sent.payload is None:
            item.payload = {}
            if old is None or old.drop():
                return {"state": expiring.view(item)}
            continue
        item.expiry_ms = int(sent.expiry if sent.expiry is not None else definition.get("expiry") or 0)
        item.payload = sent.payload
        if _stored(item, old):
            return {"state": expiring.view(item)}
    raise VersionConflict("the state keeps changing; try again")


def patch(call: Call) -> Json:
    """Merge fields into a state, at the top. Raises NotFound when it is not set, InvalidInput, TooLarge."""
    context = access.runtime(call)
    _check_type(call)
    for _ in range(_ATTEMPTS):
        old = _get(call, context)
        definition = _declared(call, context)
        merged = {**old.payload, **call.body.payload}
        _check(definition, merged)
        old.payload = merged
        if _stored(old, old):
            return {"state": expiring.view(old)}
    raise VersionConflict("the state keeps changing; try again")


def _get(call: Call, context: Context) -> State:
    """Read the state a path names. Raises NotFound, also when its time is over."""
    found = State.get(context.home, **_parts(call, context))
    if found is None or expiring.is_over(found, clock.now_ms()):
        raise NotFound("this state is not set")
    return found


def _parts(call: Call, context: Context) -> dict[str, str]:
    owner = context.installation.id if context.installation else states.OF_BOT
    name = call.path["name"]
    return {"bot_id": context.bot.id, "type": call.path["type"], "of": call.path["id"], "owner": owner, "name": name}


def _check_type(call: Call) -> None:
    if call.path["type"] not in TYPES:
        raise InvalidInput.at("path.type", f"must be one of {', '.join(TYPES)}", "enum")


def _declared(call: Call, context: Context) -> Json:
    """Find the declaration of the state a path names. Raises InvalidInput for a type or a name nobody declared."""
    _check_type(call)
    kind, name = call.path["type"], call.path["name"]
    declared = context.bot.states if context.integration is None else context.integration.states
    definition = declared.get(name)
    if definition is None or definition["type"] != kind:
        who = "the bot" if context.integration is None else context.integration.name
        raise InvalidInput.at("path.name", f"{who} declares no state {name[:80]} of a {kind}", "reference")
    return dict(definition)


def _check_subject(call: Call, context: Context) -> None:
    """Check that what the state hangs on is there. Raises NotFound."""
    kind, of = call.path["type"], call.path["id"]
    home, bot_id = context.home, context.bot.id
    if kind == BOT:
        is_there = of == bot_id
    elif kind == INTEGRATION:
        is_there = context.integration is not None and of == context.integration.id
    elif kind == USER:
        user = User.get(home, bot_id=bot_id, id=of)
        is_there = of == bot_id or (user is not None and listing.is_visible(context, user))
    else:
        place = Conversation.get(home, bot_id=bot_id, id=of)
        is_there = place is not None and listing.is_visible(context, place)
    if not is_there:
        raise NotFound(f"no such {kind}")


def _check(definition: Json, payload: Json) -> None:
    if len(orjson.dumps(payload)) > MAX_PAYLOAD_BYTES:
        raise TooLarge(f"a state may have {MAX_PAYLOAD_BYTES} bytes")
    checking.check_data(definition["schema"], payload, "body.payload")


def _new(call: Call, context: Context) -> State:
    made = _parts(call, context)
    return State.new(context.home, id=ids.new_ordered_uuid(), by=call.caller.key_id, **made)


def _stored(item: State, old: State | None) -> bool:
    """Store a state with its idle time begun anew; False when somebody was quicker."""
    now_ms = clock.now_ms()
    seen = None if old is None else old.revision
    item.revision = 0 if seen is None else seen + 1
    item.updated_at = now_ms
    item.ends_at = now_ms + item.expiry_ms if item.expiry_ms else 0
    try:
        timer: Timer | None = item.write(now_ms, seen)
    except ConditionFailed:
        return False
    if timer is not None and timer.is_direct:
        message = states.state_message(*item.own_key())
        queue.send(queues.DELIVER, message, (timer.due_ms - now_ms) / 1000)
    return True
