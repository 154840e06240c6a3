"""What handlers may use: the flows, a read-only door to the store, and settings. Built by `main.services`."""

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


@dataclass(frozen=True, slots=True)
class Services:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    signer: Signer
    relying_party: RelyingParty
    policies: PasskeyPolicies
    methods: MethodsPolicies
    duty: RegistrationDuty
    metadata: Metadata
    geo_ip: GeoIp
    detect_risk: DetectRisk
    list_risk: ListRisk
    manage_risk: ManageRisk
    sign_in: SignIn
    sign_in_with_pass: SignInWithPass
    sign_in_with_password: SignInWithPassword
    finish_sign_in: FinishSignIn
    held_methods: HeldMethods
    set_password: SetPassword
    set_up_totp: SetUpTotp
    make_recovery_codes: MakeRecoveryCodes
    manage_methods: ManageMethods
    sign_out: SignOut
    register_passkey: RegisterPasskey
    abandon_registration: AbandonRegistration
    suggest_passkey: SuggestPasskey
    register_on_behalf: RegisterOnBehalf
    check_registration: CheckRegistration
    manage_passkey: ManagePasskey
    enrol_device: EnrolDevice
    renew_device: RenewDevice
    ask_unlock: AskUnlock
    allow_unlock: AllowUnlock
    manage_device: ManageDevice
    rotate_authority: RotateAuthority
    issue_pass: IssuePass
    manage_user: ManageUser
    manage_group: ManageGroup
    manage_app: ManageApp
    save_passkey_policy: SavePolicy[PasskeyPolicy]
    access_policies: AccessPolicies
    accept_terms: AcceptTerms
    access_gate: AccessGate
    access_reach: AccessReach
    check_emergency: CheckEmergency
    enter: Enter
    replay_access: ReplayAccess
    what_if_access: WhatIfAccess
    analyse_access: AnalyseAccess
    access_impact: AccessImpact
    explain_sign_in: ExplainSignIn
    foresee: Foresee
    runs: Runs
    manage_access: ManageAccess
    roll_back_access_policy: RollBackPolicy[AccessRules]
    save_pin_policy: SavePolicy[PinPolicy]
    save_methods_policy: SavePolicy[MethodsPolicy]
    preview_passkey_policy: PreviewPasskeyPolicy
    preview_methods_policy: PreviewMethodsPolicy
    roll_back_passkey_policy: RollBackPolicy[PasskeyPolicy]
    roll_back_methods_policy: RollBackPolicy[MethodsPolicy]
    explain_passkey: ExplainPasskey
    list_quarantined: ListQuarantined
    authorize: Authorize
    redeem_code: RedeemCode
    app_token: AppToken
    revoke_pass: RevokePass
    registration_details: RegistrationReport
    api_access: ApiAccess
    user_info: UserInfo
    end_session: EndSession

    @property
    def secure_cookies(self) -> bool:
        return self.relying_party.public_url.startswith("https://")
