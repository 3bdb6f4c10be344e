"""What every state machine stands on: leases with fences, due times, outboxes, inboxes, cursors, request logs.

No word of any domain appears here. The words: an *item* is one row that moves through states; a *lease* is the right
to move it for a while; its *fence* grows with every take, so that a late holder's write is refused; *due* is when an
item wants attention; its *outbox* holds the messages a write owes. docs/ARCHITECTURE.md states the rules R1 to R7.
"""
