"""What flows stand on, made once: stores, keys, policies, and what several of them ask before they do anything."""

from dataclasses import dataclass
from pathlib import Path

from keystead_server.domain.device import FirstUse
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.detect_risk import DetectRisk
from keystead_server.flows.held_methods import HeldMethods
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.letters import Letters
from keystead_server.flows.policies import AccessPolicies, MethodsPolicies, PasskeyPolicies
from keystead_server.flows.registration_duty import RegistrationDuty
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.flows.vouching import Vouch
from keystead_server.keys.password_hasher import Argon2Hasher
from keystead_server.main.config import Config
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.geo_ip import GeoIp, NoGeoIp
from keystead_server.ports.metadata import Metadata
from keystead_server.ports.password_hasher import PasswordHasher
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import Store
from keystead_server.trust.attestation_authority.authorities import StoredAuthorities
from keystead_server.trust.chains import RootStore
from keystead_server.trust.metadata.root import read_metadata_root
from keystead_server.trust.metadata.shelf import KEPT, MetadataShelf
from keystead_server.trust.roots import read_roots


@dataclass(frozen=True, slots=True)
class Foundation:
    """Attributes:
    us: who we are to passkeys and to apps.
    ruled: the one gate of Conditional Access.
    """

    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    signer: Signer
    us: RelyingParty
    metadata: Metadata
    places: GeoIp
    hasher: PasswordHasher
    policies: PasskeyPolicies
    methods: MethodsPolicies
    access: AccessPolicies
    models: KnownModels
    held: HeldMethods
    risks: DetectRisk
    ruled: AccessGate
    duty: RegistrationDuty
    letters: Letters
    authorities: StoredAuthorities
    vouch: Vouch


def lay_foundation(
    config: Config,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    sealer: Sealer,
    token_signer: Signer,
    metadata: MetadataShelf | None = None,
    hasher: PasswordHasher | None = None,
    geo_ip: GeoIp | None = None,
) -> Foundation:
    metadata, places = metadata or open_metadata(config), geo_ip or NoGeoIp()
    policies, methods, access = PasskeyPolicies(store), MethodsPolicies(store), AccessPolicies(store)
    models = KnownModels(metadata, clock)
    held = HeldMethods(store, methods, policies, models)
    risks = DetectRisk(store, clock, places)
    authorities = StoredAuthorities(store, sealer, entropy)
    anchors = RootStore(read_roots(config.roots_folder), metadata)
    return Foundation(
        store=store,
        clock=clock,
        entropy=entropy,
        sealer=sealer,
        signer=token_signer,
        us=relying_party(config),
        metadata=metadata,
        places=places,
        hasher=hasher or Argon2Hasher(entropy),
        policies=policies,
        methods=methods,
        access=access,
        models=models,
        held=held,
        risks=risks,
        ruled=AccessGate(store, clock, access, places, risks, held),
        duty=RegistrationDuty(store, policies, methods, models),
        letters=Letters(entropy, sealer, config.sends_mail),
        authorities=authorities,
        vouch=Vouch(store, authorities, FirstUse(config.tpm_first_use), anchors),
    )


def open_metadata(config: Config) -> MetadataShelf:
    """What was kept of the FIDO metadata; of nothing when the settings name no source.

    Raises:
        RootsUnreadable: the root is no certificate. Going on without it would silently change whom we trust.
    """
    if not config.fido_metadata:
        return MetadataShelf(None, (), config.fido_metadata_signer)
    root = read_metadata_root(Path(config.fido_metadata_root))
    return MetadataShelf(config.data / KEPT, root, config.fido_metadata_signer)


def relying_party(config: Config) -> RelyingParty:
    return RelyingParty(
        public_url=config.public_url,
        rp_id=config.passkey_host,
        origins=frozenset({config.public_url, *config.related_origins}),
        name=config.name,
    )
