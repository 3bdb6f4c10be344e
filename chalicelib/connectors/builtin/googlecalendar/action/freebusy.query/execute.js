const { calendars, from, until, timeZone } = input.data;
return { calendars: await service.fn.freeBusy(calendars?.length ? calendars : ["primary"], from, until, timeZone) };
