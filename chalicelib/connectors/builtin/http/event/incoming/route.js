return "incoming.received";
