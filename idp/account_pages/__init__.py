"""A person's own account: linked cities, authorised apps, devices. One module a page; only wiring imports them."""
