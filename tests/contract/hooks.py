"""What the requests of the contract test leave alone: the account that sends them."""
