"""A page of constructors: every port gets its maker here, and nowhere else."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keystead_server.domain.device import FirstUse
from keystead_server.flows.abandon_registration import AbandonRegistration
from keystead_server.flows.accept_terms import AcceptTerms
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.access_impact import AccessImpact
from keystead_server.flows.access_kind import AccessKind
from keystead_server.flows.access_reach import AccessReach
from keystead_server.flows.allow_unlock import AllowUnlock
from keystead_server.flows.api_access import ApiAccess
from keystead_server.flows.app_token import AppToken
from keystead_server.flows.ask_unlock import AskUnlock
from keystead_server.flows.authorize import Authorize
from keystead_server.flows.check_registration import CheckRegistration
from keystead_server.flows.checkpoint_log import CheckpointLog
from keystead_server.flows.detect_risk import DetectRisk
from keystead_server.flows.device_terms import SetTerms
from keystead_server.flows.emergency import CheckEmergency, EmergencyAlarm
from keystead_server.flows.end_session import EndSession
from keystead_server.flows.enrol_device import EnrolDevice
from keystead_server.flows.enter import Enter
from keystead_server.flows.explain_passkey import ExplainPasskey
from keystead_server.flows.explain_sign_in import ExplainSignIn
from keystead_server.flows.finish_sign_in import FinishSignIn
from keystead_server.flows.foresee import Foresee
from keystead_server.flows.found_tenant import FoundTenant
from keystead_server.flows.held_methods import HeldMethods
from keystead_server.flows.issue_pass import IssuePass
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.letters import Letters
from keystead_server.flows.list_quarantined import ListQuarantined
from keystead_server.flows.list_risk import ListRisk
from keystead_server.flows.make_recovery_codes import MakeRecoveryCodes
from keystead_server.flows.manage_access import ManageAccess
from keystead_server.flows.manage_app import ManageApp
from keystead_server.flows.manage_device import ManageDevice
from keystead_server.flows.manage_group import ManageGroup
from keystead_server.flows.manage_methods import ManageMethods
from keystead_server.flows.manage_passkey import ManagePasskey
from keystead_server.flows.manage_risk import ManageRisk
from keystead_server.flows.manage_user import ManageUser
from keystead_server.flows.method_gate import MethodGate
from keystead_server.flows.pin_policy import PinKind, PinPolicies
from keystead_server.flows.policies import AccessPolicies, MethodsPolicies, PasskeyPolicies
from keystead_server.flows.policy_kinds import MethodsKind, PasskeyKind
from keystead_server.flows.preview_methods_policy import PreviewMethodsPolicy
from keystead_server.flows.preview_passkey_policy import PreviewPasskeyPolicy
from keystead_server.flows.redeem_code import RedeemCode
from keystead_server.flows.register_on_behalf import RegisterOnBehalf
from keystead_server.flows.register_passkey import RegisterPasskey
from keystead_server.flows.registration_duty import RegistrationDuty
from keystead_server.flows.registration_report import RegistrationReport
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.flows.renew_device import RenewDevice
from keystead_server.flows.replay_access import ReplayAccess
from keystead_server.flows.revoke_pass import RevokePass
from keystead_server.flows.rollback_policy import RollBackPolicy
from keystead_server.flows.rotate_authority import RotateAuthority
from keystead_server.flows.save_policy import SavePolicy
from keystead_server.flows.set_password import SetPassword
from keystead_server.flows.set_up_totp import SetUpTotp
from keystead_server.flows.sign_in import ParsedKeys, SignIn
from keystead_server.flows.sign_in_with_pass import SignInWithPass
from keystead_server.flows.sign_in_with_password import SignInWithPassword
from keystead_server.flows.sign_out import SignOut
from keystead_server.flows.suggest_passkey import SuggestPasskey
from keystead_server.flows.user_info import UserInfo
from keystead_server.flows.verify_log import VerifyLog
from keystead_server.flows.vouching import Vouch
from keystead_server.flows.what_if_access import AnalyseAccess, WhatIfAccess
from keystead_server.geo.country_file import CountryFile
from keystead_server.http.runs import Runs
from keystead_server.http.services import Services
from keystead_server.jobs.check_emergency_accounts import CheckEmergencyAccounts
from keystead_server.jobs.deliver_letters import DeliverLetters
from keystead_server.jobs.end_exclusions import EndExclusions
from keystead_server.jobs.end_trials import EndTrials
from keystead_server.jobs.refresh_metadata import RefreshMetadata
from keystead_server.keys import master_key, signer
from keystead_server.keys.password_hasher import Argon2Hasher
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.mail.smtp import SmtpMail, mail_server
from keystead_server.main.config import Config
from keystead_server.main.fetcher import PublicFetcher
from keystead_server.main.system import SystemClock, SystemEntropy
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.geo_ip import GeoIp, NoGeoIp
from keystead_server.ports.password_hasher import PasswordHasher
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import Store
from keystead_server.storage.opening import open_store
from keystead_server.trust.attestation_authority.authorities import StoredAuthorities
from keystead_server.trust.attestation_authority.endorsement import MakersFolder
from keystead_server.trust.chains import RootStore
from keystead_server.trust.metadata.root import read_metadata_root
from keystead_server.trust.metadata.shelf import KEPT, MetadataShelf
from keystead_server.trust.roots import read_roots

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
    services = build_services(config, store, clock, entropy, sealer, token_signer, metadata, geo_ip=places)
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


def open_metadata(config: Config) -> MetadataShelf:
    """What was kept of the FIDO metadata; of nothing when the settings name no source.

    Raises:
        RootsUnreadable: the root is no certificate. Going on without it would silently change whom we trust.
    """
    if not config.fido_metadata:
        return MetadataShelf(None, (), config.fido_metadata_signer)
    root = read_metadata_root(Path(config.fido_metadata_root))
    return MetadataShelf(config.data / KEPT, root, config.fido_metadata_signer)


def refresher(config: Config, metadata: MetadataShelf, clock: Clock) -> RefreshMetadata:
    return RefreshMetadata(config.fido_metadata, metadata, PublicFetcher(), clock)


def deliverer(config: Config, store: Store, clock: Clock, sealer: Sealer) -> DeliverLetters | None:
    if not config.sends_mail:
        return None
    return DeliverLetters(
        store, clock, sealer, SmtpMail(mail_server(config.smtp_url), config.mail_from, config.public_url)
    )


def relying_party(config: Config) -> RelyingParty:
    return RelyingParty(
        public_url=config.public_url,
        rp_id=config.passkey_host,
        origins=frozenset({config.public_url, *config.related_origins}),
        name=config.name,
    )


def build_services(
    config: Config,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    sealer: Sealer,
    token_signer: Signer,
    metadata: MetadataShelf | None = None,
    hasher: PasswordHasher | None = None,
    geo_ip: GeoIp | None = None,
) -> Services:
    metadata = metadata or open_metadata(config)
    us = relying_party(config)
    policies = PasskeyPolicies(store)
    methods = MethodsPolicies(store)
    access = AccessPolicies(store)
    anchors = RootStore(read_roots(config.roots_folder), metadata)
    models = KnownModels(metadata, clock)
    hasher = hasher or Argon2Hasher(entropy)
    held = HeldMethods(store, methods, policies, models)
    gate = MethodGate(held, clock)
    passkey_kind = PasskeyKind(store, models)
    methods_kind = MethodsKind(store, clock, models, policies, methods, access)
    places = geo_ip or NoGeoIp()
    risks = DetectRisk(store, clock, places)
    ruled = AccessGate(store, clock, access, places, risks, held)
    access_kind = AccessKind(store, clock, held, access, places)
    save_access = SavePolicy(store, clock, entropy, access_kind)
    duty = RegistrationDuty(store, policies, methods, models)
    letters = Letters(entropy, sealer, config.sends_mail)
    alarm = EmergencyAlarm(store, entropy, letters)
    makers = MakersFolder.read(config.tpm_makers_folder)
    authorities, first_use = StoredAuthorities(store, sealer, entropy), FirstUse(config.tpm_first_use)
    terms = SetTerms(authorities, PinPolicies(store))
    vouch = Vouch(store, authorities, first_use, anchors)
    return Services(
        store=store,
        clock=clock,
        entropy=entropy,
        sealer=sealer,
        signer=token_signer,
        relying_party=us,
        policies=policies,
        methods=methods,
        duty=duty,
        metadata=metadata,
        geo_ip=places,
        detect_risk=risks,
        list_risk=ListRisk(store, clock, risks),
        manage_risk=ManageRisk(store, clock, entropy),
        sign_in=SignIn(store, clock, entropy, sealer, policies, us, ParsedKeys(), models, ruled, alarm),
        sign_in_with_pass=SignInWithPass(store, clock, entropy, sealer, methods, ruled, alarm),
        sign_in_with_password=SignInWithPassword(store, clock, entropy, sealer, hasher, held, ruled),
        finish_sign_in=FinishSignIn(store, clock, entropy, sealer, held, ruled, alarm),
        held_methods=held,
        set_password=SetPassword(store, clock, entropy, sealer, hasher, gate, letters, risks),
        set_up_totp=SetUpTotp(store, clock, entropy, sealer, gate, letters),
        make_recovery_codes=MakeRecoveryCodes(store, clock, entropy, sealer, gate, letters),
        manage_methods=ManageMethods(store, clock, entropy, gate, letters),
        sign_out=SignOut(store, clock, entropy, letters),
        register_passkey=RegisterPasskey(
            store, clock, entropy, sealer, policies, us, vouch, models, methods, letters, ruled
        ),
        abandon_registration=AbandonRegistration(store, clock, entropy, sealer),
        register_on_behalf=RegisterOnBehalf(store, clock, entropy, sealer, policies, us, vouch, models, letters),
        check_registration=CheckRegistration(store, policies, models),
        suggest_passkey=SuggestPasskey(store, clock, entropy, policies, methods, models),
        manage_passkey=ManagePasskey(store, clock, entropy, letters, held),
        enrol_device=EnrolDevice(store, clock, entropy, sealer, makers, authorities, first_use, terms),
        renew_device=RenewDevice(store, clock, entropy, sealer, authorities, terms),
        ask_unlock=AskUnlock(store, clock, entropy, sealer, authorities),
        allow_unlock=AllowUnlock(store, clock, entropy, sealer, authorities, held, letters),
        manage_device=ManageDevice(store, clock, entropy),
        rotate_authority=RotateAuthority(store, clock, entropy, authorities),
        issue_pass=IssuePass(store, clock, entropy, sealer, methods, letters),
        manage_user=ManageUser(store, clock, entropy, letters),
        manage_group=ManageGroup(store, clock, entropy),
        manage_app=ManageApp(store, clock, entropy),
        save_passkey_policy=SavePolicy(store, clock, entropy, passkey_kind),
        access_policies=access,
        access_gate=ruled,
        access_reach=AccessReach(store, clock),
        accept_terms=AcceptTerms(store, clock, entropy, ruled),
        check_emergency=CheckEmergency(store, clock, entropy, access, held, letters),
        foresee=Foresee(store, clock, entropy, ruled),
        runs=Runs(clock, entropy),
        enter=Enter(store, clock, entropy, ruled),
        manage_access=ManageAccess(store, clock, access_kind, save_access, access, methods),
        replay_access=ReplayAccess(store, clock, places, access),
        what_if_access=WhatIfAccess(store, clock, places),
        access_impact=AccessImpact(store, clock, access),
        analyse_access=AnalyseAccess(store, clock, methods, policies),
        explain_sign_in=ExplainSignIn(store, clock, places, access),
        roll_back_access_policy=RollBackPolicy(store, access_kind),
        save_pin_policy=SavePolicy(store, clock, entropy, PinKind()),
        save_methods_policy=SavePolicy(store, clock, entropy, methods_kind),
        preview_passkey_policy=PreviewPasskeyPolicy(store, models, passkey_kind),
        preview_methods_policy=PreviewMethodsPolicy(store, methods_kind, policies, clock),
        roll_back_passkey_policy=RollBackPolicy(store, passkey_kind),
        roll_back_methods_policy=RollBackPolicy(store, methods_kind),
        explain_passkey=ExplainPasskey(store, policies, models),
        list_quarantined=ListQuarantined(store, policies, models),
        authorize=Authorize(store, clock, entropy, sealer, duty, us, ruled),
        redeem_code=RedeemCode(store, clock, entropy, sealer, token_signer, duty, us, ruled),
        app_token=AppToken(store, clock, entropy, token_signer, us, ruled),
        api_access=ApiAccess(store, clock, token_signer, us, duty, ruled),
        revoke_pass=RevokePass(store, clock, entropy),
        registration_details=RegistrationReport(store, clock, policies, methods, models),
        user_info=UserInfo(store, clock, token_signer, ruled),
        end_session=EndSession(store, clock, token_signer),
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
