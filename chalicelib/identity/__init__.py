"""Who may call and on whose behalf: API keys, end users, and the deployment's own secrets.

An API key stands for one workspace and some scopes; only its HMAC is stored. A user is the platform's own end user,
known by an id minted here and by the identifier the platform chose. A deployment secret is a random value made on
first use and kept sealed.
"""
