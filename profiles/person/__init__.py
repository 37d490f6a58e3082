"""The pages of a person, and the functions that build them for an enterprise as well.

Flow: a route opens the subject's own data (`Subject.page`, which is `access.own_page`) → a function of the page's name
reads what it needs and answers a frozen view, every word of it ready → the template draws it. Lists page by keyset.
`profiles.enterprise` and `wiring` import this.
"""
