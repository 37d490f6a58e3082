"""Tables of reminders, intents, inbox messages and deliveries, one aggregate a file."""
