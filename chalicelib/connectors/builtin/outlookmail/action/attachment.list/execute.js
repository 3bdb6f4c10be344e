// https://learn.microsoft.com/graph/api/message-list-attachments: contentBytes is of files only, so it cannot be named in $select.
const { id, withContent = false } = input.data;
const query = withContent ? {} : { $select: "id,name,contentType,size,isInline" };
const { data } = await service.fn.request("GET", ["messages", id, "attachments"], { query });
return {
  attachments: (data.value ?? []).map((one) => ({
    id: one.id,
    name: one.name ?? null,
    contentType: one.contentType ?? null,
    size: one.size ?? null,
    isInline: one.isInline === true,
    content: withContent ? (one.contentBytes ?? null) : null,
  })),
};
