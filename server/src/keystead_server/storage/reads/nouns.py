"""All of the reading half, over one engine's Reader."""

from keystead_server.storage.reads import activity, chains, credentials, devices, directory, letters
from keystead_server.storage.reads.reader import Reader, Snapshot


class Nouns:
    """What the stores of all engines have in common."""

    def __init__(self, reader: Reader, snapshot: Snapshot) -> None:
        self.tenants = directory.Tenants(reader)
        self.users = directory.Users(reader)
        self.groups = directory.Groups(reader)
        self.apps = directory.Apps(reader)
        self.policies = directory.Policies(reader)
        self.signing_keys = directory.SigningKeys(reader)
        self.passkeys = credentials.Passkeys(reader)
        self.passes = credentials.Passes(reader)
        self.secrets = credentials.AllSecrets(reader)
        self.letters = letters.Letters(reader)
        self.devices = devices.Devices(reader)
        self.authorities = devices.Authorities(reader)
        self.sessions = activity.Sessions(reader)
        self.logs = activity.Logs(reader)
        self.chains = chains.Chains(reader, snapshot)
