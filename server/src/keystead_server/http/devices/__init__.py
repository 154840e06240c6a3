"""What containers call: enrol a device, renew the certificate of its attestation key, have a PIN unlocked."""
