"""What containers call: enrol a device, and renew the certificate of its attestation key."""
