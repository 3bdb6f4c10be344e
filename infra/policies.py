"""The policy of each function, from its row in `infra/functions.py`: named actions on named resources, nothing else."""

from __future__ import annotations

from typing import Any

from chalicelib.core.queues import DEAD_LETTERS, QUEUES
from chalicelib.durable.counts import MARK
from infra.functions import FUNCTIONS, RUNNER, Function, Stage, camel

Statement = dict[str, Any]
_WATCHES = ("GetQueueAttributes", "GetQueueUrl")
UNBOUND = frozenset({"cloudwatch:GetMetricData"})  # reads figures only; IAM knows no resource to bind it to
CONSUMES = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
OF_ITS_OWN = (*CONSUMES, "GetQueueUrl", "SendMessage")  # what waits for longer is sent anew (edge/worker.py)


def document(function: Function, stage: Stage) -> dict[str, Any]:
    """Write the policy document of a function, in the template's words."""
    statements = [_logs(function, stage), *_tables(function), *_queues(function)]
    if function.counts:
        statements.append(_sums("UpdateItem"))
    if _only_looks(function):
        statements.append(_sums("Query"))
    if function.watches:
        statements += _watching()
    if function.keys:
        statements.append(_keys(function))
    if function.blobs:
        statements.append(_allow("s3", function.blobs.split(), {"Fn::Sub": "${BlobBucket.Arn}/*"}))
    if function.runs_logic:
        statements.append({"Fn::If": ["HasRunner", _runner(stage), {"Ref": "AWS::NoValue"}]})
    return {"Version": "2012-10-17", "Statement": statements}


def granted(function: Function) -> set[tuple[str, str]]:
    """List what a function may do, as pairs of action and short resource name."""
    pairs = {(f"dynamodb:{action}", table) for table, actions in function.tables.items() for action in actions.split()}
    for queue in function.sends:
        pairs |= {("sqs:SendMessage", queue), ("sqs:GetQueueUrl", queue)}
    if function.queue:
        pairs |= {(f"sqs:{action}", function.queue) for action in OF_ITS_OWN}
    if function.counts:
        pairs.add(("dynamodb:UpdateItem", "work"))
    if _only_looks(function):
        pairs.add(("dynamodb:Query", "work"))
    if function.watches:
        pairs |= {(f"sqs:{action}", queue) for queue in (*QUEUES, DEAD_LETTERS) for action in _WATCHES}
        pairs.add(("cloudwatch:GetMetricData", "*"))
    if function.runs_logic:
        pairs.add(("lambda:InvokeFunction", RUNNER))
    pairs |= {(f"kms:{action}", "key") for action in function.keys.split()}
    return pairs | {(f"s3:{action}", "blobs") for action in function.blobs.split()}


def table_id(short_name: str) -> str:
    """Name a table in the template."""
    return camel(short_name) + "Table"


def queue_id(name: str) -> str:
    """Name a queue in the template."""
    return camel(name) + "Queue"


def _tables(function: Function) -> list[Statement]:
    return [_allow("dynamodb", actions.split(), _table(name)) for name, actions in function.tables.items()]


def _table(name: str) -> dict[str, Any]:
    short, _, index = name.partition("/")
    return {"Fn::Sub": f"${{{table_id(short)}.Arn}}/{index}"} if index else _arn(table_id(short))


def _queues(function: Function) -> list[Statement]:
    statements = []
    if function.queue:
        statements.append(_allow("sqs", list(OF_ITS_OWN), _arn(queue_id(function.queue))))
    if function.sends:
        statements.append(_allow("sqs", ["GetQueueUrl", "SendMessage"], [_arn(queue_id(q)) for q in function.sends]))
    return statements


def _only_looks(function: Function) -> bool:
    """Say whether it reads the sums of workspaces, before scripts, and may read no other part of their table."""
    return function.runs_logic and "Query" not in function.tables.get("work", "").split()


def _sums(action: str) -> Statement:
    """Let something be done to the sums of workspaces, and to no other row of their table."""
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"*{MARK}*"]}}
    return {**_allow("dynamodb", [action], _arn(table_id("work"))), "Condition": own}


def _watching() -> list[Statement]:
    queues = [_arn(queue_id(name)) for name in (*QUEUES, DEAD_LETTERS)]
    return [_allow("sqs", list(_WATCHES), queues), _allow("cloudwatch", ["GetMetricData"], "*")]


def _keys(function: Function) -> Statement:
    """Let the key be used for nothing but data keys that are bound to a workspace."""
    bound = {"Null": {"kms:EncryptionContext:workspace": "false"}}
    return {**_allow("kms", function.keys.split(), _arn("MasterKey")), "Condition": bound}


def _runner(stage: Stage) -> Statement:
    (runner,) = (function for function in FUNCTIONS if function.name == RUNNER)
    arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:" + runner.full_name(stage)
    return _allow("lambda", ["InvokeFunction"], {"Fn::Sub": arn})


def _logs(function: Function, stage: Stage) -> Statement:
    account = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
    group = f"{account}:log-group:/aws/lambda/{function.full_name(stage)}"
    return _allow("logs", ["CreateLogStream", "PutLogEvents"], {"Fn::Sub": f"{group}:log-stream:*"})


def _allow(service: str, actions: list[str], resource: Any) -> Statement:
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": resource}


def _arn(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}
