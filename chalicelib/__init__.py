"""Millrace: connectors, automations, journeys, chat and notifications behind one engine."""
