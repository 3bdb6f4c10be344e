// nextPage(response): the number of the next page named by the Link header, or null after the last.
const [{ headers }] = args;
const next = (headers?.link ?? "").split(",").find((link) => /;\s*rel="?next"?/.test(link));
const page = next?.match(/[?&]page=(\d+)/);
return page ? Number(page[1]) : null;
