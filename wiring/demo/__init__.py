"""The demonstration: a province made of files, sent through the doors of production, with a city and a portal.

1. `run` checks the machine, migrates, starts city, portal and the web application, and waits until they answer.
2. `province` makes the files that departments would send, with dates relative to today and with faults in them.
3. `seed` registers cities, portals, departments and accounts, then posts the files to the running feed endpoint, once.
4. `sheet` prints who can log in where, and keeps the same as `instance/demo.json`.
5. One Ctrl-C ends it all; the next start finds everything as it was.

Imported by nobody; started as `python -m wiring.demo`.
"""
