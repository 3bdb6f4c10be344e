"""Reports: step counters of automations as CSV, tokens as a ZIP, built in the background when there are many."""
