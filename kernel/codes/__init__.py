"""The public codes of persons, bodies, items, certificates and places: how to write, check and read them.

Each module offers `normalise(text)` (one spelling of what people and systems send) and `check(code)` (a tuple
of `Fault`, empty when the code is right). Nothing here touches a database or a register: a right check digit
says that a number was not mistyped, not that anybody holds it. Every package may import them.
"""
