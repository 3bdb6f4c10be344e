"""Customer journeys: people moved through graphs of steps, for months.

A *node* is a part of a workspace, named by the `Node` header; its *settings* connect it to a message channel and to a
profile store. An *automation* is a graph: *steps* joined by *connections*, each an *outcome* of the step it leaves. It
has a status, a window of time and a zone; its *sources* (trigger events) put customers in and take them out. One
passage of one *customer* through one automation is a *token*; a *batch* brings many. *Feedback* counts what happened on
each step. *Contents* are models, templates and pages that mail and text steps name; *definitions* are the words that
events and profiles may use. docs/ARCHITECTURE.md says where each lies and how it moves.
"""
