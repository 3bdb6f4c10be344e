"""The same work done by products people run today, installed from their registries, beside Millrace in one run."""
