"""What handlers may use: the flows, a read-only door to the store, and settings. Built by `main.services`.

By theme, so that each part can be read, and built, by itself. Not slotted: of several slotted classes none can be made.
"""

from dataclasses import dataclass

from keystead_core.link.pin_policy import PinPolicy

from keystead_server.flows.abandon_registration import AbandonRegistration
from keystead_server.flows.accept_terms import AcceptTerms
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.access_impact import AccessImpact
from keystead_server.flows.access_reach import AccessReach
from keystead_server.flows.allow_unlock import AllowUnlock
from keystead_server.flows.api_access import ApiAccess
from keystead_server.flows.app_token import AppToken
from keystead_server.flows.ask_unlock import AskUnlock
from keystead_server.flows.authorize import Authorize
from keystead_server.flows.check_registration import CheckRegistration
from keystead_server.flows.detect_risk import DetectRisk
from keystead_server.flows.emergency import CheckEmergency
from keystead_server.flows.end_session import EndSession
from keystead_server.flows.enrol_device import EnrolDevice
from keystead_server.flows.enter import Enter
from keystead_server.flows.explain_passkey import ExplainPasskey
from keystead_server.flows.explain_sign_in import ExplainSignIn
from keystead_server.flows.finish_sign_in import FinishSignIn
from keystead_server.flows.foresee import Foresee
from keystead_server.flows.held_methods import HeldMethods
from keystead_server.flows.issue_pass import IssuePass
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
from keystead_server.flows.policies import AccessPolicies, MethodsPolicies, PasskeyPolicies
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
from keystead_server.flows.sign_in import SignIn
from keystead_server.flows.sign_in_with_pass import SignInWithPass
from keystead_server.flows.sign_in_with_password import SignInWithPassword
from keystead_server.flows.sign_out import SignOut
from keystead_server.flows.suggest_passkey import SuggestPasskey
from keystead_server.flows.user_info import UserInfo
from keystead_server.flows.what_if_access import AnalyseAccess, WhatIfAccess
from keystead_server.http.runs import Runs
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.metadata import Metadata
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import Store


@dataclass(frozen=True)
class Ground:
    """What every face stands on: ports, settings, and what reads policies."""

    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    signer: Signer
    relying_party: RelyingParty
    metadata: Metadata
    geo_ip: GeoIp
    runs: Runs
    policies: PasskeyPolicies
    methods: MethodsPolicies
    access_policies: AccessPolicies
    held_methods: HeldMethods
    duty: RegistrationDuty
    access_gate: AccessGate
    detect_risk: DetectRisk


@dataclass(frozen=True)
class SigningIn:
    """How somebody comes in, and leaves."""

    sign_in: SignIn
    sign_in_with_pass: SignInWithPass
    sign_in_with_password: SignInWithPassword
    finish_sign_in: FinishSignIn
    enter: Enter
    accept_terms: AcceptTerms
    sign_out: SignOut


@dataclass(frozen=True)
class Methods:
    """What people sign in with besides passkeys."""

    issue_pass: IssuePass
    revoke_pass: RevokePass
    set_password: SetPassword
    set_up_totp: SetUpTotp
    make_recovery_codes: MakeRecoveryCodes
    manage_methods: ManageMethods


@dataclass(frozen=True)
class Passkeys:
    """Passkeys: added, explained, kept in order."""

    register_passkey: RegisterPasskey
    abandon_registration: AbandonRegistration
    suggest_passkey: SuggestPasskey
    register_on_behalf: RegisterOnBehalf
    check_registration: CheckRegistration
    manage_passkey: ManagePasskey
    explain_passkey: ExplainPasskey
    list_quarantined: ListQuarantined
    registration_details: RegistrationReport


@dataclass(frozen=True)
class Computers:
    """The computers that vouch for passkeys."""

    enrol_device: EnrolDevice
    renew_device: RenewDevice
    ask_unlock: AskUnlock
    allow_unlock: AllowUnlock
    manage_device: ManageDevice
    rotate_authority: RotateAuthority


@dataclass(frozen=True)
class Directory:
    """People, groups and apps."""

    manage_user: ManageUser
    manage_group: ManageGroup
    manage_app: ManageApp


@dataclass(frozen=True)
class MethodRules:
    """What may be signed in with: the policies, tried before they are saved."""

    save_passkey_policy: SavePolicy[PasskeyPolicy]
    preview_passkey_policy: PreviewPasskeyPolicy
    roll_back_passkey_policy: RollBackPolicy[PasskeyPolicy]
    save_methods_policy: SavePolicy[MethodsPolicy]
    preview_methods_policy: PreviewMethodsPolicy
    roll_back_methods_policy: RollBackPolicy[MethodsPolicy]
    save_pin_policy: SavePolicy[PinPolicy]


@dataclass(frozen=True)
class Access:
    """Conditional Access: written, foreseen, explained."""

    manage_access: ManageAccess
    roll_back_access_policy: RollBackPolicy[AccessRules]
    access_reach: AccessReach
    access_impact: AccessImpact
    analyse_access: AnalyseAccess
    what_if_access: WhatIfAccess
    replay_access: ReplayAccess
    foresee: Foresee
    explain_sign_in: ExplainSignIn
    check_emergency: CheckEmergency


@dataclass(frozen=True)
class Risk:
    """Risk: who is at it, and what others say of it."""

    list_risk: ListRisk
    manage_risk: ManageRisk


@dataclass(frozen=True)
class Tokens:
    """What apps and programs are given, and what they show."""

    authorize: Authorize
    redeem_code: RedeemCode
    app_token: AppToken
    api_access: ApiAccess
    user_info: UserInfo
    end_session: EndSession


@dataclass(frozen=True)
class Services(Ground, SigningIn, Methods, Passkeys, Computers, Directory, MethodRules, Access, Risk, Tokens):
    @property
    def secure_cookies(self) -> bool:
        return self.relying_party.public_url.startswith("https://")
