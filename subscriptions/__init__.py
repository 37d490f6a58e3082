"""Reminders and messages: what happened below becomes something a person is told, once, provably.

1. An event (a certificate recorded, a supplement asked) reaches a handler by the outbox; its rule plans or tells.
2. A planned reminder is a row with a due time; when it is due its condition is checked again against the source.
3. Telling writes the intent, the inbox message and a delivery a channel in one transaction; a repeat is nothing.
4. The sender claims what is due, calls the channel outside any transaction, records what is known of the outcome.
5. The person reads it all under 消息与提醒; what a channel lost is still there.

May import `profiles`, `idp` (contract and events only) and `kernel`. Imported by `wiring` only.
"""
