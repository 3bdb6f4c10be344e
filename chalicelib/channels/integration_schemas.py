"""What callers send about integrations: credentials and conditions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from chalicelib.channels.schemas import Address, Channel, Flag, NovuIn, Object, Short, Word, options
from chalicelib.edge.schema import Name


class CredentialsIn(NovuIn):
    """What a provider asks for; every key is optional, unknown ones are dropped."""

    api_key: Word | None = None
    user: Word | None = None
    secret_key: Word | None = None
    domain: Word | None = None
    password: Word | None = None
    host: Word | None = None
    port: Word | None = None
    secure: Flag | None = None
    region: Word | None = None
    account_sid: Word | None = None
    message_profile_id: Word | None = None
    token: Word | None = None
    from_: Word | None = Field(None, alias="from")
    sender_name: Word | None = None
    project_name: Word | None = None
    application_id: Word | None = None
    client_id: Word | None = None
    require_tls: Flag | None = None
    ignore_tls: Flag | None = None
    tls_options: Annotated[Object, BeforeValidator(options)] | None = None
    base_url: Word | None = None
    webhook_url: Word | None = None
    redirect_url: Word | None = None
    hmac: Flag | None = None
    service_account: Word | None = None
    ip_pool_name: Word | None = None
    api_key_request_header: Word | None = None
    secret_key_request_header: Word | None = None
    id_path: Word | None = None
    date_path: Word | None = None
    api_token: Word | None = None
    authenticate_by_token: Flag | None = None
    authentication_token_key: Word | None = None
    instance_id: Word | None = None
    alert_uid: Word | None = None
    title: Word | None = None
    image_url: Word | None = None
    state: Word | None = None
    external_link: Word | None = None
    channel_id: Word | None = None
    phone_number_identification: Word | None = None
    access_key: Word | None = None
    api_url: Word | None = Field(None, alias="apiURL")
    app_id: Word | None = Field(None, alias="appID")


class ConditionIn(NovuIn):
    """One comparison."""

    on: Literal["subscriber", "payload", "tenant", "webhook", "isOnline", "isOnlineInLast", "previousStep"]
    field: Short | None = None
    operator: (
        Literal[
            "LARGER", "SMALLER", "LARGER_EQUAL", "SMALLER_EQUAL", "EQUAL", "NOT_EQUAL", "ALL_IN", "ANY_IN", "NOT_IN",
            "BETWEEN", "NOT_BETWEEN", "LIKE", "NOT_LIKE", "IN", "IS_DEFINED",
        ] | None
    ) = None  # fmt: skip
    value: Any = None
    webhook_url: Address | None = None
    time_operator: Literal["minutes", "hours", "days"] | None = None
    step: Short | None = None
    step_type: Literal["read", "unread", "seen", "unseen"] | None = None


class FilterIn(NovuIn):
    """A group of comparisons."""

    is_negated: bool | None = None
    type: Literal["BOOLEAN", "TEXT", "DATE", "NUMBER", "STATEMENT", "LIST", "MULTI_LIST", "GROUP"] | None = None
    value: Literal["AND", "OR"] | None = None
    children: list[ConditionIn]


class IntegrationIn(NovuIn):
    """A new integration."""

    name: Name | None = None
    identifier: Name | None = None
    environment_id: str | None = Field(None, alias="_environmentId")
    provider_id: Name
    channel: Channel
    credentials: CredentialsIn | None = None
    active: bool = False
    check: bool = True
    conditions: list[FilterIn] | None = None


class IntegrationPatch(NovuIn):
    """What changes of an integration."""

    name: Name | None = None
    identifier: Name | None = None
    environment_id: str | None = Field(None, alias="_environmentId")
    active: bool | None = None
    credentials: CredentialsIn | None = None
    remove_novu_branding: bool | None = None
    check: bool = True
    conditions: list[FilterIn] | None = None
