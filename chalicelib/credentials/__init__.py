"""What is secret: users' tokens, the platform's values of variables, and the vault that seals both.

A token (user credential) is what a user holds for one security of a service, in one of the forms key, basic and
oauth. Secrets go in and never come out of the API; logic receives them, logs do not.
"""
