// secretHeader(): the header that carries the secret of incoming notifications, or their signature.
const { incomingHeader, incomingMode } = service.vars ?? {};
return (incomingHeader || (incomingMode === "hmac" ? "x-signature" : "x-webhook-secret")).toLowerCase();
