"""Every table, by access pattern; docs/ARCHITECTURE.md says what lies in each.

Declared with pynamodb, so that one place names keys, indexes and the time-to-live attribute; the local stack, the
tests and the deployment template are all made from these declarations.
"""

from __future__ import annotations

from typing import Any

from chalicelib.storage.table import Table

IDENTITY = Table("identity")  # keys, users, settings of the deployment
CATALOGUE = Table("catalogue")  # services and their components, notification addresses
VAULT = Table("vault")  # data keys, credentials, values of variables: everything sealed
WORK = Table("work")  # events taken in, polls, executions, idempotency, sweeps
DELIVERY = Table("delivery")  # subscriptions and their deliveries
CHANNELS = Table("channels")  # integrations, subscribers, workflows, notifications and their messages
JOURNEYS = Table("journeys")  # nodes, their settings and contents, automations, tokens, batches, counters
CHAT = Table("chat")  # bots, integrations, users, conversations, messages, events, states, files

TABLES = (IDENTITY, CATALOGUE, VAULT, WORK, DELIVERY, CHANNELS, JOURNEYS, CHAT)
WITH_DUE_INDEX = frozenset({"work", "delivery", "channels", "journeys", "chat"})
TTL_ATTRIBUTE = "exp"


def declarations() -> list[Any]:
    """Give one pynamodb model a table."""
    from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute  # heavy
    from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
    from pynamodb.models import Model

    class Due(GlobalSecondaryIndex):
        """What is due, by minute and shard; sparse, keys only."""

        class Meta:
            index_name = "due"
            projection = KeysOnlyProjection()

        dueB = UnicodeAttribute(hash_key=True)  # noqa: N815
        dueK = UnicodeAttribute(range_key=True)  # noqa: N815

    made = []
    for table in TABLES:
        meta = type("Meta", (), {"table_name": table.name, "billing_mode": "PAY_PER_REQUEST"})
        body: dict[str, Any] = {
            "Meta": meta,
            "pk": UnicodeAttribute(hash_key=True),
            "sk": UnicodeAttribute(range_key=True),
            "rev": NumberAttribute(null=True),
            "exp": TTLAttribute(null=True),
        }
        if table.short_name in WITH_DUE_INDEX:
            body |= {"due_index": Due(), "dueB": UnicodeAttribute(null=True), "dueK": UnicodeAttribute(null=True)}
        made.append(type(table.short_name.title(), (Model,), body))
    return made


def create_all(client: Any) -> None:
    """Create the tables that are missing, with their time to live (tests and the local stack)."""
    existing = set(client.list_tables()["TableNames"])
    for model in declarations():
        name = model.Meta.table_name
        if name in existing:
            continue
        schema = model._get_schema()
        request: dict[str, Any] = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": schema["key_schema"],
            "AttributeDefinitions": schema["attribute_definitions"],
        }
        indexes = [dict(index) for index in schema["global_secondary_indexes"]]
        for index in indexes:
            index.pop("ProvisionedThroughput", None)
            index.pop("provisioned_throughput", None)
        if indexes:
            request["GlobalSecondaryIndexes"] = [_wire_index(index) for index in indexes]
        client.create_table(**request)
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )


def _wire_index(index: dict[str, Any]) -> dict[str, Any]:
    names = {"index_name": "IndexName", "key_schema": "KeySchema", "projection": "Projection"}
    return {names.get(name, name): part for name, part in index.items() if name in names or name in names.values()}
