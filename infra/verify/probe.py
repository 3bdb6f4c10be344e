"""One handler, imported and called as Lambda does it, in a process that has only the package.

`python -I -S probe.py PACKAGE HARNESS HANDLER`, events as JSON lines on standard input, one answer a line on standard
output. HARNESS holds the local cloud, which answers for DynamoDB and SQS; it comes after the package in the search
path and holds no other module.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path


class Context:
    """The part of Lambda's context that handlers use."""

    function_name = "probe"
    aws_request_id = "00000000-0000-4000-8000-000000000000"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:probe"
    memory_limit_in_mb = 1024

    def get_remaining_time_in_millis(self):
        """Tell how long this invocation may still run."""
        return 60_000


def main():
    """Import, attach the cloud, call with each event."""
    package, harness, handler = sys.argv[1:]
    sys.path[:0] = [package]
    answer_to = os.dup(1)
    os.dup2(2, 1)  # log lines go to standard error, answers alone to standard output
    module, _, name = handler.rpartition(".")
    started = time.process_time()
    function = getattr(importlib.import_module(module), name)
    import_ms = (time.process_time() - started) * 1000
    sys.path.append(harness)
    clients_ms = attach(harness)
    with os.fdopen(answer_to, "w") as out:
        say(out, {"import_ms": import_ms, "clients_ms": clients_ms, "strangers": strangers(package, harness)})
        for line in sys.stdin:
            started = time.process_time()
            answer = function(json.loads(line), Context())
            say(out, {"answer": answer, "cpu_ms": (time.process_time() - started) * 1000})
    os._exit(0)


def attach(harness):
    """Make the clients and let the local cloud answer for them; give the CPU time of the making."""
    from chalicelib.adapters import aws

    started = time.process_time()
    aws.client("dynamodb"), aws.client("sqs")
    took_ms = (time.process_time() - started) * 1000
    if os.environ.get("PROBE_DATABASE"):
        from infra.local.cloud import LocalCloud

        cloud = LocalCloud(Path(os.environ["PROBE_DATABASE"]))
        aws.reset(is_local=True)
        aws.on_client(lambda _service, client: cloud.attach(client))
    return took_ms


def strangers(package, harness):
    """List modules that were found neither in the package nor in the standard library nor in the harness."""
    known = (package, harness, sys.prefix, sys.base_prefix)
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return sorted(name for name, file in files.items() if file and not file.startswith(known) and name != "__main__")


def say(out, line):
    """Write one line at once."""
    out.write(json.dumps(line) + "\n")
    out.flush()


main()
