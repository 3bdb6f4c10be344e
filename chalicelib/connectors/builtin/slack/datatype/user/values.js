// The first thousand members who are people and still there.
const values = [];
let cursor;
do {
  const page = await service.fn.users({ cursor });
  const people = page.users.filter(({ is_bot, deleted, id }) => !is_bot && !deleted && id !== "USLACKBOT");
  values.push(
    ...people.map(({ id, name, real_name, display_name }) => ({ label: display_name ?? real_name ?? name, value: id })),
  );
  cursor = page.nextCursor;
} while (cursor && values.length < 1000);
return { values };
