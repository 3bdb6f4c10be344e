// sent(message): a message just sent, read back. It is sent whatever comes of reading it: that must not fail the run.
const [message] = args;
try {
  return (await service.fn.read(message.id)) ?? (await service.fn.message(message));
} catch {
  return await service.fn.message(message);
}
