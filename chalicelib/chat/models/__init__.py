"""What is stored of chat, one module a noun; docs/ARCHITECTURE.md lists the keys."""
