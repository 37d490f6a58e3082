"""The reference in docs/reference/, made from the code, so that it cannot tell anything else.

Each module makes one document: ``settings``, ``endpoints``, ``events``, ``errors``, ``connectors``, ``commands``; the
one of feeds is made by ``profiles.feeds.reference``. ``documents`` lists them, ``cli`` writes them
(``flask reference write``, ``make reference``), and a test compares what is there with what would be written.
Imported by ``wiring.parts`` (its command) and by that test alone.
"""
