// Take in what a notification channel of Google Calendar sends, all of it in headers.
// https://developers.google.com/workspace/calendar/api/guides/push
if (await service.fn.pushed(notification)) return { status: 200 };
const body = { message: "This is no notification of a Google Calendar channel" };
return { status: 400, headers: { "content-type": "application/json" }, body };
