"""Consent: what a person lets a client have (个人信息保护法 第十三条至第十五条).

``decide`` holds the decisions; the page that asks, and the account's page that withdraws, call it.
"""
