"""OAuth 2: how a user's account at a third party becomes a token, and how the token stays fresh.

    starting.py     the address where the user grants access, and what is remembered under its state
    callback.py     where the provider sends the user's browser back to
    settings.py     auth settings as connectors write them, in their long and short forms; references.py fills them in
    exchange.py     a code or a refresh token becomes an answer, by settings or by the version's `oauth` hook
    provider.py     requests to the provider, and its refusals in our own words
    accounts.py     whose account it is, so that the same one updates its token
    refresh.py      one refresh at a time for each token
    redirects.py    where a browser may be sent when all is done

docs/decisions/0010-oauth.md says why.
"""
