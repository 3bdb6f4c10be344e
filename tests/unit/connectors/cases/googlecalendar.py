"""What the googlecalendar connector asks, and what it is answered."""

from __future__ import annotations

from unittest.mock import ANY

from tests.unit.connectors.cases.shape import Case

EVENT = {
    **{"id": "e1", "status": "confirmed", "summary": "Lunch", "start": {"dateTime": "2026-01-31T12:00:00Z"}},
    **{"end": {"dateTime": "2026-01-31T13:00:00Z"}, "attendees": [{"email": "ann@example.com", "organizer": True}]},
    **{"created": "2026-01-02T03:04:05.000Z", "updated": "2026-01-02T03:04:05.400Z"},
}
EVENTS = "/calendars/primary/events"

CASES: list[Case] = [
    (
        *("googlecalendar", "action", "event.create"),
        {
            **{
                "summary": "Lunch",
                "start": "2026-01-31T12:00:00+01:00",
                "minutes": 30,
                "attendees": ["ann@example.com"],
            },
            **{"recurrence": ["RRULE:FREQ=WEEKLY"], "reminderMinutes": [10], "conference": True, "sendUpdates": "all"},
        },
        [
            (
                *("POST", f"{EVENTS}?sendUpdates=all&conferenceDataVersion=1"),
                {
                    **{
                        "summary": "Lunch",
                        "recurrence": ["RRULE:FREQ=WEEKLY"],
                        "attendees": [{"email": "ann@example.com"}],
                    },
                    **{"start": {"dateTime": "2026-01-31T12:00:00+01:00"}, "end": {"dateTime": "2026-01-31T11:30:00Z"}},
                    "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]},
                    "conferenceData": {
                        "createRequest": {"requestId": ANY, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
                    },
                },
                EVENT,
            )
        ],
    ),
    (
        *("googlecalendar", "action", "event.create.simple", {"calendar": "hello@example.com", "summary": "test"}),
        [
            (
                *("POST", "/calendars/hello%40example.com/events"),
                {"summary": "test", "start": {"dateTime": ANY}, "end": {"dateTime": ANY}},
                EVENT,
            )
        ],
    ),
    (
        *("googlecalendar", "action", "event.quickAdd", {"text": "Lunch at noon"}),
        [("POST", f"{EVENTS}/quickAdd?text=Lunch+at+noon", None, EVENT)],
    ),
    ("googlecalendar", "action", "event.get", {"event": "e1"}, [("GET", f"{EVENTS}/e1", None, EVENT)]),
    (
        *("googlecalendar", "action", "event.list", {"query": "Lunch", "from": "2026-01-01T00:00:00Z"}),
        [
            (
                *(
                    "GET",
                    f"{EVENTS}?q=Lunch&timeMin=2026-01-01T00:00:00Z&singleEvents=true&orderBy=startTime&maxResults=50",
                ),
                *(None, {"items": [EVENT], "nextPageToken": "p"}),
            )
        ],
    ),
    (
        *("googlecalendar", "action", "event.update", {"event": "e1", "start": "2026-02-01", "minutes": 60}),
        [("PATCH", f"{EVENTS}/e1", {"start": {"date": "2026-02-01"}, "end": {"date": "2026-02-02"}}, EVENT)],
    ),
    (
        *("googlecalendar", "action", "event.delete", {"event": "e1", "sendUpdates": "none"}),
        [("DELETE", f"{EVENTS}/e1?sendUpdates=none", None, None)],
    ),
    (
        *("googlecalendar", "action", "event.attendee.add"),
        {"event": "e1", "attendees": ["Ann@example.com", "bob@example.com"]},
        [
            ("GET", f"{EVENTS}/e1", None, EVENT),
            (
                *("PATCH", f"{EVENTS}/e1"),
                {"attendees": [{"email": "ann@example.com", "organizer": True}, {"email": "bob@example.com"}]},
                EVENT,
            ),
        ],
    ),
    (
        *("googlecalendar", "action", "event.move", {"event": "e1", "destination": "team@example.com"}),
        [("POST", f"{EVENTS}/e1/move?destination=team@example.com", None, EVENT)],
    ),
    (
        *(
            "googlecalendar",
            "action",
            "freebusy.query",
            {"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
        ),
        [
            (
                *("POST", "/freeBusy"),
                {
                    **{"timeMin": "2026-01-01T00:00:00Z", "timeMax": "2026-01-02T00:00:00Z"},
                    "items": [{"id": "primary"}],
                },
                {
                    "calendars": {
                        "primary": {"busy": [{"start": "2026-01-01T09:00:00Z", "end": "2026-01-01T10:00:00Z"}]}
                    }
                },
            )
        ],
    ),
    (
        *("googlecalendar", "action", "calendar.list", {}),
        [("GET", "/users/me/calendarList?maxResults=250", None, {"items": [{"id": "c1", "summary": "Mine"}]})],
    ),
    (
        *("googlecalendar", "action", "calendar.create", {"summary": "Team", "timeZone": "Europe/Berlin"}),
        [("POST", "/calendars", {"summary": "Team", "timeZone": "Europe/Berlin"}, {"id": "c1", "summary": "Team"})],
    ),
    (
        *("googlecalendar", "datatype", "calendar", {"minAccessRole": "writer"}),
        [
            (
                *("GET", "/users/me/calendarList?maxResults=250&minAccessRole=writer", None),
                {"items": [{"id": "c1", "summary": "Mine", "summaryOverride": "My own", "primary": True}]},
            )
        ],
    ),
    (
        *("googlecalendar", "datatype", "event", {"calendar": "c1"}),
        [("GET", ANY, None, {"items": [EVENT]})],
    ),
    (
        *("googlecalendar", "condition", "calendar.isFree"),
        {"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
        [("POST", "/freeBusy", ANY, {"calendars": {"primary": {"busy": []}}})],
    ),
]
