"""A page of constructors: every port gets its maker here, and nowhere else."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keystead_server.flows.checkpoint_log import CheckpointLog
from keystead_server.flows.found_tenant import FoundTenant
from keystead_server.flows.verify_log import VerifyLog
from keystead_server.geo.country_file import CountryFile
from keystead_server.http.services import Services
from keystead_server.jobs.check_emergency_accounts import CheckEmergencyAccounts
from keystead_server.jobs.deliver_letters import DeliverLetters
from keystead_server.jobs.end_exclusions import EndExclusions
from keystead_server.jobs.end_trials import EndTrials
from keystead_server.jobs.refresh_metadata import RefreshMetadata
from keystead_server.keys import master_key, signer
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.mail.smtp import SmtpMail, mail_server
from keystead_server.main.config import Config
from keystead_server.main.fetcher import PublicFetcher
from keystead_server.main.foundation import lay_foundation, open_metadata
from keystead_server.main.services import build_services
from keystead_server.main.system import SystemClock, SystemEntropy
from keystead_server.ports.clock import Clock
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store
from keystead_server.storage.opening import open_store
from keystead_server.trust.metadata.shelf import MetadataShelf

if TYPE_CHECKING:
    from keystead_server.http.dispatch import Dispatch


@dataclass(frozen=True, slots=True)
class System:
    """A server that is ready to answer, or to be used from the command line.

    Attributes:
        places: None when the settings name no file of places.
        refresh_metadata: None when no metadata are wanted.
        deliver_letters: None when no mail server is named.
    """

    config: Config
    services: Services
    found_tenant: FoundTenant
    metadata: MetadataShelf
    refresh_metadata: RefreshMetadata | None
    checkpoint_log: CheckpointLog
    verify_log: VerifyLog
    deliver_letters: DeliverLetters | None
    end_trials: EndTrials
    end_exclusions: EndExclusions
    check_emergency: CheckEmergencyAccounts
    places: CountryFile | None = None

    @property
    def store(self) -> Store:
        return self.services.store

    async def close(self) -> None:
        await self.store.close()


async def open_system(config: Config) -> System:
    """Open the store (making or migrating it) and put everything together.

    Raises:
        MasterKeyError, StorageUnavailable, RootsUnreadable: with what to do about it.
    """
    entropy, clock = SystemEntropy(), SystemClock()
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = await open_store(config.database_url, entropy=entropy, migrate=True)
    # A store with keys that no longer open means the master key was lost: never make another in its place.
    sealed_before = bool(await store.signing_keys.all())
    key = master_key.load_or_create(config.master_key_path, entropy, may_create=not sealed_before)
    sealer = MasterKeySealer(key, entropy)
    token_signer = await signer.load(store, sealer, clock.now())
    metadata = open_metadata(config)
    places = CountryFile(Path(config.geoip_file)) if config.geoip_file else None
    on = lay_foundation(config, store, clock, entropy, sealer, token_signer, metadata, geo_ip=places)
    services = build_services(on, config)
    refresh = refresher(config, metadata, clock) if config.fido_metadata else None
    return System(
        config,
        services,
        FoundTenant(store, clock, entropy),
        metadata,
        refresh,
        CheckpointLog(store, clock, token_signer),
        VerifyLog(store),
        deliverer(config, store, clock, sealer),
        EndTrials(store, services.manage_access),
        EndExclusions(store, clock, entropy, services.access_policies),
        CheckEmergencyAccounts(store, services.check_emergency),
        places,
    )


def refresher(config: Config, metadata: MetadataShelf, clock: Clock) -> RefreshMetadata:
    return RefreshMetadata(config.fido_metadata, metadata, PublicFetcher(), clock)


def deliverer(config: Config, store: Store, clock: Clock, sealer: Sealer) -> DeliverLetters | None:
    if not config.sends_mail:
        return None
    return DeliverLetters(
        store, clock, sealer, SmtpMail(mail_server(config.smtp_url), config.mail_from, config.public_url)
    )


def build_app(services: Services, config: Config) -> "Dispatch":
    # Here, because no command but `serve` needs the pages and the framework under them.
    from keystead_server.http.dispatch import Dispatch
    from keystead_server.http.graph.problem import graph_problem
    from keystead_server.http.pages.problem import problem_page
    from keystead_server.http.rate import RateLimits
    from keystead_server.http.table import routes

    return Dispatch(
        services,
        routes(),
        problem_page=problem_page,
        graph_problem=graph_problem,
        rate_limits=RateLimits(config.rate_limit_scale),
        trusted_proxies=config.proxy_networks,
    )
