"""Notifications over channels: in-app, e-mail, SMS, chat and push.

An *integration* is an account with a provider; a *subscriber* is who gets messages; a *topic* is a list of them. A
*workflow* is a trigger and its steps. An *event* triggers a workflow; each of its recipients gets a *notification*,
which has one *job* a step and leaves *messages*. docs/CHANNELS.md says where each lies and how it moves.
"""
