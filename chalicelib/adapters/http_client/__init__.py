"""The one way out: HTTP to every address a tenant can choose.

    url = check_url(text)                          # when a URL is stored
    response = send(workspace_id, Request("POST", url, headers, body))

messages.py     Request and Response, and which headers a caller may set
urls.py         a text becomes a Target, or is refused
addresses.py    which addresses, names and ports may be reached
network.py      resolve, check, dial the checked address; the resolver and the dialler are replaceable in tests
wire.py         one request and its answer on one connection, under one deadline and one byte cap
pool.py         idle connections, kept per workspace and origin
client.py       send: redirects, reuse, errors in our own words
http2.py        Http2: several requests over one connection, for the few services that speak HTTP/2 only

A deadline covers everything from the name lookup to the last byte. No proxy, netrc or cookie is ever consulted.
An architecture test keeps every other module from importing an HTTP or socket library.
"""

from chalicelib.adapters.http_client.client import check_url, close_idle, send
from chalicelib.adapters.http_client.messages import Headers, Request, Response

__all__ = ["Headers", "Request", "Response", "check_url", "close_idle", "send"]
