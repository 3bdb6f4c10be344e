"""DynamoDB's five expression languages, each parsed once per text and names, then only evaluated.

A parsed expression knows which placeholders it uses; literals (":x") are looked up at evaluation, so one parsed
expression serves every request that differs in values only.
"""
