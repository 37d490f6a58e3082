"""Ways to reach a person outside the page, one a file: described by `subscriptions.channel.Channel`."""
