"""Pages of messages and reminders: 消息与提醒, and the mail folder of the demo."""
