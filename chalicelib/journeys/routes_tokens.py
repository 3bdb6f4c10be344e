"""The operations on customers, tokens, feedback and reports, one row each.

Additive ones take in what customers did and what providers tell, profiles, and what follows the addresses in mails.
"""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.edge.auth import PUBLIC, READ, WRITE
from chalicelib.edge.route import Gives, Route
from chalicelib.journeys import batches, customers, events, feedback, people, tokens
from chalicelib.journeys import schemas_tokens as shapes
from chalicelib.journeys.reports import counters_csv, downloads
from chalicelib.journeys.wire import nothing

# fmt: off
TOKEN_ROUTES: list[Route] = [
    # operationId                    verb      path                                                                     does                            takes                gives        scope
    Route("downloadAutomationsReport", "GET",    "/flow/v1/automations/reports",                                          counters_csv.download,          None,                Gives.AS_IS, READ),
    Route("getAutomationFeedbacks",    "GET",    "/flow/v1/automations/{automation_uuid}/feedbacks",                      feedback.read_automation,       None,                Gives.AS_IS, READ),
    Route("getStepFeedbacks",          "GET",    "/flow/v1/automations/{automation_uuid}/steps/{step_uuid}/feedbacks",    feedback.read_step,             None,                Gives.AS_IS, READ),
    Route("addCustomer",               "POST",   "/flow/v1/automations/{automation_uuid}/customers",                      customers.add,                  shapes.CustomerIn,   Gives.AS_IS, WRITE),
    Route("addCustomerBatch",          "POST",   "/flow/v1/automations/{automation_uuid}/customers/batch",                batches.add,                    shapes.BatchIn,      Gives.AS_IS, WRITE),
    Route("deleteIncompleteBatch",     "DELETE", "/flow/v1/automations/{automation_uuid}/customers/batch",                nothing(batches.drop),          None,                Gives.AS_IS, WRITE),
    Route("deleteCustomer",            "DELETE", "/flow/v1/automations/{automation_uuid}/customers/{customer_uuid}",      nothing(customers.remove),      None,                Gives.AS_IS, WRITE),

    Route("searchTokens",              "GET",    "/flow/v1/tokens",                                                       tokens.search,                  None,                Gives.AS_IS, READ),
    Route("downloadTokensReport",      "GET",    "/flow/v1/tokens/reports",                                               downloads.download,             None,                Gives.AS_IS, READ),
    Route("followTokensReport",        "GET",    "/flow/v1/tokens/reports/{report_uuid}",                                 downloads.follow,               None,                Gives.AS_IS, READ),
    Route("getToken",                  "GET",    "/flow/v1/tokens/{token_uuid}",                                          tokens.read,                    None,                Gives.AS_IS, READ),

    Route("takeEvent",                 "POST",   "/flow/v1/events",                                                       events.take_in,                 shapes.EventIn,      Gives.AS_IS, WRITE),
    Route("takeFeedback",              "POST",   "/flow/v1/feedbacks",                                                    feedback.take_in,               shapes.FeedbacksIn,  Gives.AS_IS, WRITE),
    Route("showCallback",              "GET",    "/flow/v1/feedbacks",                                                    feedback.show_callback,         None,                Gives.AS_IS, WRITE),
    Route("putProfile",                "PUT",    "/flow/v1/profiles",                                                     people.put_profile,             shapes.ProfileIn,    Gives.AS_IS, WRITE),
    Route("getProfile",                "GET",    "/flow/v1/profiles",                                                     people.read_profile,            None,                Gives.AS_IS, READ),
    Route("erasePerson",               "DELETE", "/flow/v1/profiles",                                                     nothing(people.erase),          None,                Gives.AS_IS, WRITE),

    Route("followMark",                "GET",    "/flow/v1/marks",                                                        feedback.follow,                None,                Gives.AS_IS, PUBLIC),
    Route("unsubscribeByMark",         "POST",   "/flow/v1/marks",                                                        feedback.follow,                None,                Gives.AS_IS, PUBLIC),
    Route("takeProviderFeedback",      "POST",   "/flow/v1/callbacks",                                                    feedback.take_in_from_provider, shapes.FeedbacksIn,  Gives.AS_IS, PUBLIC),
    Route("fetchReport",               "GET",    "/flow/v1/files",                                                        downloads.fetch,                None,                Gives.AS_IS, PUBLIC),
]
# fmt: on
