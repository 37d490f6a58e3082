"""Types of authorization details (RFC 9396 §2): one file each that offers its ``plugin``, see
``idp.authorization_detail``.

Types of the floors above come by ``install_types``, called in ``wiring.parts``.
"""
