"""Puts the house together; the only package that knows all the others, and that nobody imports.

1. `parts` is the map: every package's settings, pages, endpoints, handlers, tasks, ports and commands, in plain lists.
2. `start` makes a process ready: settings, log, database, key-value store, and what `parts` lists.
3. `app` makes the web application of it: Flask for people, and in front of it the door for machines.
4. `worker` makes the Celery application of it; without a broker the web process works through its own queue.
5. `cli` gives the same parts to the `flask` command; `layout` gives pages their menus; `demo` is a province to try.
"""
