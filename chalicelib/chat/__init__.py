"""Bots, the integrations they speak through, and what is said.

A *bot* runs at its maker's url or as a piece of JavaScript. An *integration* is a named, numbered way to an outside
service; *installing* one in a bot gives the pair a webhook address and a configuration. Through it come *users* and
*conversations* (each of one bot and one integration) and *messages*, which go in to the bot or out to the integration.
An *event* is whatever is told to a bot; a *state* is a named value of a bot, a user, a conversation or an integration;
a *file* is stored for a bot.

Who acts is a *context*: a bot alone, or an integration inside a bot. The *home* of a bot is the workspace it was made
in: its data lie there, and stay there when the bot is given to another workspace.
"""
