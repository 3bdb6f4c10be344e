// https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs/list
const { data } = await service.fn.request("GET", ["settings", "sendAs"]);
return {
  values: (data.sendAs ?? []).map(({ sendAsEmail, displayName }) => {
    const address = displayName ? `${displayName} <${sendAsEmail}>` : sendAsEmail;
    return { label: address, value: address };
  }),
};
