"""OpenAPI documents become services: one action per operation, its input, output and readable JavaScript.

parse (is it a document we read), references and dialect (schemas of OpenAPI 3.0 and 3.1 as plain JSON Schema),
operations (what an operation takes and gives), securities, javascript (its code), imports (what callers do), batch
(what the worker does), records (what is stored of an import).
"""
