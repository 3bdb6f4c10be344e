// https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event
const { repository, workflow, ref, inputs } = input.data;
const workflows = `${await service.fn.repository(repository)}/actions/workflows`;
await service.fn.request("POST", `${workflows}/${encodeURIComponent(workflow)}/dispatches`, { body: { ref, inputs } });
return { dispatched: true };
