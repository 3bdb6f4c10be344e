"""What the outlookmail connector asks, and what it is answered."""

from __future__ import annotations

from tests.unit.connectors.cases.shape import Case

ANN = {"emailAddress": {"name": "Ann", "address": "ann@example.com"}}
LETTER = {
    **{"id": "A1", "subject": "Lunch", "from": ANN, "toRecipients": [ANN], "isRead": False, "isDraft": False},
    **{"receivedDateTime": "2026-01-02T03:04:05Z", "categories": ["Red"], "hasAttachments": False},
}
FOLDER = {"id": "F1", "displayName": "Inbox", "childFolderCount": 1}
SHOWN = (
    "$select=id,conversationId,internetMessageId,subject,bodyPreview,from,toRecipients,ccRecipients,"
    "receivedDateTime,sentDateTime,isRead,isDraft,hasAttachments,importance,categories,parentFolderId,webLink"
)
TO_ANN = [{"emailAddress": {"address": "ann@example.com"}}]

CASES: list[Case] = [
    (
        *("outlookmail", "action", "email.send"),
        {
            **{"to": "Ann <ann@example.com>, bob@example.com", "subject": "Lunch", "html": "<b>Hi</b>"},
            "attachments": [{"filename": "a.txt", "contentType": "text/plain", "content": "SGk="}],
        },
        [
            (
                *("POST", "/sendMail"),
                {
                    "message": {
                        **{"subject": "Lunch", "body": {"contentType": "html", "content": "<b>Hi</b>"}},
                        "toRecipients": [ANN, {"emailAddress": {"address": "bob@example.com"}}],
                        "attachments": [
                            {
                                **{"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt"},
                                **{"contentType": "text/plain", "contentBytes": "SGk="},
                            }
                        ],
                    },
                    "saveToSentItems": True,
                },
                None,
            )
        ],
    ),
    (
        *("outlookmail", "action", "email.reply", {"id": "A1", "text": "Yes", "all": True}),
        [("POST", "/messages/A1/replyAll", {"message": {"body": {"contentType": "text", "content": "Yes"}}}, None)],
    ),
    (
        *("outlookmail", "action", "email.forward", {"id": "A1", "to": ["ann@example.com"]}),
        [("POST", "/messages/A1/forward", {"toRecipients": TO_ANN, "comment": ""}, None)],
    ),
    (
        *("outlookmail", "action", "email.list", {"folder": "inbox", "filter": "isRead eq false"}),
        [
            (
                *("GET", f"/mailFolders/inbox/messages?{SHOWN}&$filter=isRead+eq+false&$top=25", None),
                {"value": [LETTER], "@odata.nextLink": "https://graph.microsoft.com/v1.0/me/messages?$skip=25"},
            )
        ],
    ),
    ("outlookmail", "action", "email.get", {"id": "A1"}, [("GET", f"/messages/A1?{SHOWN},body", None, LETTER)]),
    (
        *("outlookmail", "action", "email.update", {"id": "A1", "isRead": True, "flag": "flagged"}),
        [("PATCH", "/messages/A1", {"isRead": True, "flag": {"flagStatus": "flagged"}}, LETTER)],
    ),
    (
        *("outlookmail", "action", "email.move", {"id": "A1", "folder": "archive"}),
        [("POST", "/messages/A1/move", {"destinationId": "archive"}, LETTER)],
    ),
    ("outlookmail", "action", "email.delete", {"id": "A1"}, [("DELETE", "/messages/A1", None, None)]),
    (
        *(
            "outlookmail",
            "action",
            "email.draft.create",
            {"to": "ann@example.com", "subject": "Hi", "importance": "high"},
        ),
        [("POST", "/messages", {"toRecipients": TO_ANN, "subject": "Hi", "importance": "high"}, LETTER)],
    ),
    (
        *("outlookmail", "action", "email.draft.send", {"id": "A1"}),
        [("POST", "/messages/A1/send", None, None)],
    ),
    (
        *("outlookmail", "action", "attachment.list", {"id": "A1"}),
        [
            (
                *("GET", "/messages/A1/attachments?$select=id,name,contentType,size,isInline", None),
                {"value": [{"id": "T1", "name": "a.txt", "size": 2, "isInline": False}]},
            )
        ],
    ),
    ("outlookmail", "action", "folder.list", {}, [("GET", "/mailFolders?$top=250", None, {"value": [FOLDER]})]),
    (
        *("outlookmail", "action", "folder.create", {"displayName": "Bills", "parent": "F1"}),
        [("POST", "/mailFolders/F1/childFolders", {"displayName": "Bills"}, {"id": "F2", "displayName": "Bills"})],
    ),
    (
        *("outlookmail", "datatype", "folder", {}),
        [
            ("GET", "/mailFolders?$top=250", None, {"value": [FOLDER]}),
            ("GET", "/mailFolders/F1/childFolders?$top=250", None, {"value": [{"id": "F2", "displayName": "Bills"}]}),
        ],
    ),
    (
        *("outlookmail", "datatype", "category", {}),
        [("GET", "/outlook/masterCategories", None, {"value": [{"displayName": "Red"}]})],
    ),
    (
        *("outlookmail", "condition", "email.matches", {"id": "A1", "subject": "lunch", "category": "Red"}),
        [("GET", f"/messages/A1?{SHOWN},body", None, LETTER)],
    ),
]
