"""What every data operation reads from its request: the table, the expressions and their placeholders."""

from typing import Any

from infra.local.cloud.catalog import Catalog
from infra.local.cloud.dynamodb.schema import Table
from infra.local.cloud.errors import CloudError, constraint, invalid
from infra.local.cloud.expressions.conditions import Condition, parse_condition
from infra.local.cloud.expressions.keys import KeyCondition, parse_key_condition
from infra.local.cloud.expressions.projections import Projection, parse_projection
from infra.local.cloud.expressions.syntax import Names
from infra.local.cloud.expressions.updates import Update, parse_update
from infra.local.cloud.items import Item, measure
from infra.local.cloud.store import Connection

Body = dict[str, Any]

LEGACY = frozenset(
    [
        "AttributesToGet",
        "AttributeUpdates",
        "ConditionalOperator",
        "Expected",
        "KeyConditions",
        "QueryFilter",
        "ScanFilter",
    ]
)
NAME_MIN = 3
NAME_MAX = 255
NAME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


class Placeholders:
    """The expressions of one request, parsed, with the names and values they refer to."""

    __slots__ = ("_body", "_names", "_names_used", "_values_used", "values")

    def __init__(self, body: Body) -> None:
        self._body = body
        names = body.get("ExpressionAttributeNames")
        values = body.get("ExpressionAttributeValues")
        self._names: Names = tuple(names.items()) if names else ()
        self.values: Item = values or {}
        self._names_used: frozenset[str] = frozenset()
        self._values_used: frozenset[str] = frozenset()
        if names is not None and not names:
            raise invalid("ExpressionAttributeNames must not be empty")
        if values is not None:
            _check_values(values)

    def condition(self, member: str) -> Condition | None:
        """Parse the condition or filter in a request member."""
        text = self._body.get(member)
        if text is None:
            return None
        parsed = parse_condition(member, text, self._names)
        self._use(parsed.names, parsed.literals)
        parsed.check(self.values)
        return parsed

    def update(self) -> Update | None:
        """Parse the request's UpdateExpression."""
        text = self._body.get("UpdateExpression")
        if text is None:
            return None
        parsed = parse_update(text, self._names)
        self._use(parsed.names, parsed.literals)
        parsed.check(self.values)
        return parsed

    def projection(self) -> Projection | None:
        """Parse the request's ProjectionExpression."""
        text = self._body.get("ProjectionExpression")
        if text is None:
            return None
        parsed = parse_projection(text, self._names)
        self._use(parsed.names, frozenset())
        return parsed

    def key_condition(self) -> KeyCondition:
        """Parse the request's KeyConditionExpression."""
        text = self._body.get("KeyConditionExpression")
        if text is None:
            raise invalid(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        parsed = parse_key_condition(text, self._names)
        self._use(parsed.names, parsed.literals)
        return parsed

    def finish(self) -> None:
        """Refuse placeholders which no expression uses."""
        if len(self._names) != len(self._names_used):
            self._refuse_unused("Names", {name for name, _ in self._names} - self._names_used)
        if len(self.values) != len(self._values_used):
            self._refuse_unused("Values", self.values.keys() - self._values_used)

    def _use(self, names: frozenset[str], values: frozenset[str]) -> None:
        self._names_used |= names
        self._values_used |= values

    def _refuse_unused(self, word: str, unused: set[str]) -> None:
        if not any(member.endswith("Expression") for member in self._body):
            raise invalid(f"ExpressionAttribute{word} can only be specified when using expressions")
        if unused:
            shown = ", ".join(sorted(unused))
            raise invalid(f"Value provided in ExpressionAttribute{word} unused in expressions: keys: {{{shown}}}")


def table_of(catalog: Catalog[Table], connection: Connection, body: Body) -> Table:
    """Find the table a request names, and refuse request members of the old, expressionless kind."""
    if not LEGACY.isdisjoint(body):
        raise invalid(f"Only expressions are supported here, not {', '.join(sorted(LEGACY & body.keys()))}")
    name = body.get("TableName")
    table = catalog.find(connection, name) if type(name) is str else None
    if table is None:
        check_table_name(name)
        raise CloudError("ResourceNotFoundException", "Requested resource not found")
    return table


def check_table_name(name: Any) -> None:
    """Refuse names DynamoDB does not allow."""
    if type(name) is not str:
        raise constraint(None, "tableName", "not be null")
    if len(name) < NAME_MIN:
        raise constraint(name, "tableName", f"have length greater than or equal to {NAME_MIN}")
    if len(name) > NAME_MAX:
        raise constraint(name, "tableName", f"have length less than or equal to {NAME_MAX}")
    if not NAME_SIGNS.issuperset(name):
        raise constraint(name, "tableName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")


def choice(body: Body, member: str, allowed: tuple[str, ...]) -> str:
    """Read a request member that names one of several ways; the first is the default."""
    value = body.get(member)
    if value is None:
        return allowed[0]
    if value not in allowed:
        shown = ", ".join(sorted(allowed))
        wire = member[0].lower() + member[1:]
        raise constraint(value, wire, f"satisfy enum value set: [{shown}]")
    return str(value)


def _check_values(values: Any) -> None:
    if not values:
        raise invalid("ExpressionAttributeValues must not be empty")
    for name, value in values.items():
        if name[:1] != ":":
            raise invalid(f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{name}"')
        try:
            measure(value)
        except CloudError as error:
            if error.code != "ValidationException":
                raise
            raise invalid(f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}") from None
