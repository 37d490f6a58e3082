"""The pages of an enterprise: the same as a person's, for a party with a unified social credit code.

Flow: `subject.enterprise` lets in whom the register names as legal representative and answers 404 to everybody else →
the functions and templates of `profiles.person` do the rest. `wiring` imports the blueprint, nobody else this.
"""
