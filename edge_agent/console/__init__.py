"""The control room's side of the page: any number of agents through the broker, accounts, the signing key."""
