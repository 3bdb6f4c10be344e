// https://learn.microsoft.com/graph/api/outlookuser-list-mastercategories: a message bears a category's name.
const { data } = await service.fn.request("GET", ["outlook", "masterCategories"]);
return { values: (data.value ?? []).map(({ displayName }) => ({ label: displayName, value: displayName })) };
