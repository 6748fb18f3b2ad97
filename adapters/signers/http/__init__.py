"""What signers of CAs elsewhere share: connections with limits, TLS from the Secret, putting the answer together."""
