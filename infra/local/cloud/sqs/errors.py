"""SQS's error codes: the modelled ones, and the older spellings clients see as Error.Code."""

from infra.local.cloud.errors import CloudError

PREFIX = "AWS.SimpleQueueService."
PREFIXED = frozenset(
    {
        "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "MessageNotInflight",
        "TooManyEntriesInBatchRequest",
        "UnsupportedOperation",
    }
)
RENAMED = {"QueueDoesNotExist": PREFIX + "NonExistentQueue", "QueueNameExists": "QueueAlreadyExists"}


def query_code(code: str) -> str:
    """Give the older spelling of a code, as it travels in the x-amzn-query-error header."""
    if code in PREFIXED:
        return PREFIX + code
    return RENAMED.get(code, code)


def no_queue() -> CloudError:
    """Make the error for an unknown queue."""
    return CloudError("QueueDoesNotExist", "The specified queue does not exist.")


def bad_parameter(message: str) -> CloudError:
    """Make the error for a parameter outside its range."""
    return CloudError("InvalidParameterValue", message)


def missing(parameter: str) -> CloudError:
    """Make the error for a parameter left out."""
    return CloudError("MissingParameter", f"The request must contain the parameter {parameter}.")
