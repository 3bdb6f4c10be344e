// read(id, {format, maxText}): one message of the mailbox in this connector's shape, or null when it is gone.
const [id, { format = "full", maxText } = {}] = args;
const headers = ["From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID", "References"];
const query = { format, metadataHeaders: format === "metadata" ? headers : undefined };
try {
  const { data } = await service.fn.request("GET", ["messages", id], { query });
  return await service.fn.message(data, maxText);
} catch (error) {
  if (error.status === 404) return null;
  throw error;
}
