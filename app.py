"""Builds the Chalice app and registers each context's routes and workers; nothing else."""

from chalice import Chalice

from chalicelib.automations.routes import routes as automations
from chalicelib.automations.workers import workers as automations_workers
from chalicelib.channels.routes import routes as channels
from chalicelib.channels.workers import workers as channels_workers
from chalicelib.chat.routes import routes as chat
from chalicelib.chat.workers import workers as chat_workers
from chalicelib.connectors.routes import routes as connectors
from chalicelib.connectors.workers import workers as connectors_workers
from chalicelib.core import figures, paging
from chalicelib.credentials import public as credentials_public
from chalicelib.credentials.routes import routes as credentials
from chalicelib.durable import counts
from chalicelib.edge import auth, idempotency, limits
from chalicelib.edge.route import bind_request, complete
from chalicelib.identity import public as identity_public
from chalicelib.identity.routes import routes as identity
from chalicelib.identity.workers import workers as identity_workers
from chalicelib.journeys.routes import routes as journeys
from chalicelib.journeys.workers import workers as journeys_workers
from chalicelib.platform.routes import routes as platform
from chalicelib.platform.workers import workers as platform_workers
from chalicelib.subscriptions.routes import routes as subscriptions
from chalicelib.subscriptions.workers import workers as subscriptions_workers

app = Chalice(app_name="millrace", configure_logs=False)
app.register_middleware(bind_request, "http")
for blueprint in (platform, identity, credentials, connectors, subscriptions, automations, channels, chat, journeys):
    app.register_blueprint(blueprint)
for blueprint in (
    automations_workers,
    channels_workers,
    chat_workers,
    connectors_workers,
    identity_workers,
    journeys_workers,
    platform_workers,
    subscriptions_workers,
):
    app.register_blueprint(blueprint, name_prefix=None)

auth.use(identity_public.authenticate)
paging.use(lambda: identity_public.deployment_secret("page-token"))
figures.kept_by(counts.add, counts.total_of_day)
idempotency.use(credentials_public.sealed_outcomes())
limits.use(identity_public.TableCounters())
complete(app)
