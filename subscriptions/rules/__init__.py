"""Reminder rules, one a file: found by name, described by `subscriptions.rule.Rule`."""
