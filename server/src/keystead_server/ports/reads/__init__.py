"""What a Store is asked, by room; `ports.store` hands on what its callers need of it."""
