"""What is stored of channels, and every query under a name. Every partition key begins with the workspace."""
