"""Reminders and messages: what happened below becomes something a person is told, once, provably.

1. An event (a certificate recorded, a supplement asked) reaches a handler through the outbox; its rule plans or tells.
2. A planned reminder is a row with a due time; when it is due its condition is checked again against the source.
3. Telling writes the intent, the inbox message and one delivery row a channel in one transaction; a repeated intent is nothing.
4. The sender claims due deliveries, calls the channel outside any transaction, and records what is known of the outcome.
5. The person reads it all under 消息与提醒; what a channel lost is still there.

May import `profiles`, `idp` (contract and events only) and `kernel`. Imported by `wiring` only.
"""
