"""What the batch operations share: entries with distinct ids, and failures one by one."""

from typing import Any

from infra.local.cloud.errors import CloudError

ENTRIES_MAX = 10
ID_MAX = 80


def read_entries(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Give a batch's entries: one to ten, with well-formed, distinct ids."""
    entries: list[dict[str, Any]] = body.get("Entries") or []
    if not entries:
        raise CloudError("EmptyBatchRequest", f"There should be at least one {kind} in the request.")
    if len(entries) > ENTRIES_MAX:
        raise CloudError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {ENTRIES_MAX}. You have sent {len(entries)}.",
        )
    ids = set()
    for entry in entries:
        identifier = entry.get("Id") or ""
        plain = identifier.replace("-", "").replace("_", "")
        if not plain.isalnum() or not plain.isascii() or len(identifier) > ID_MAX:
            raise CloudError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long.",
            )
        if identifier in ids:
            raise CloudError("BatchEntryIdsNotDistinct", f"Id {identifier} repeated.")
        ids.add(identifier)
    return entries


def failure_of(entry: dict[str, Any], error: CloudError) -> dict[str, Any]:
    """Make the answer to one entry that is wrong by itself."""
    return {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message}
