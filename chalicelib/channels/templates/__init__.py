"""Handlebars templates, read and rendered here: no code of a tenant runs, and every limit is counted.

    render("Hi {{subscriber.firstName}}", {"subscriber": {...}})

Spoken: {{escaped}}, {{{raw}}}, {{&raw}}, comments, paths (this, ../, @index, [a name], a.0.b), literals,
subexpressions, named arguments, block parameters, #if #unless #each #with, else and else-if, {{^inverse}}, sections
without a helper, white space control with ~, lookup and log, and the helpers of helpers.py. Not spoken: partials,
decorators, raw blocks.
"""

from chalicelib.channels.templates.parse import TemplateFault, parse
from chalicelib.channels.templates.render import render

__all__ = ["TemplateFault", "parse", "render"]
