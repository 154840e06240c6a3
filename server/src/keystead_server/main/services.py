"""Pages of constructors, one for each theme: every flow gets what it stands on here, and nowhere else."""

from keystead_server.domain.device import FirstUse
from keystead_server.flows.abandon_registration import AbandonRegistration
from keystead_server.flows.accept_terms import AcceptTerms
from keystead_server.flows.access_impact import AccessImpact
from keystead_server.flows.access_kind import AccessKind
from keystead_server.flows.access_reach import AccessReach
from keystead_server.flows.allow_unlock import AllowUnlock
from keystead_server.flows.api_access import ApiAccess
from keystead_server.flows.app_token import AppToken
from keystead_server.flows.ask_unlock import AskUnlock
from keystead_server.flows.authorize import Authorize
from keystead_server.flows.check_registration import CheckRegistration
from keystead_server.flows.device_terms import SetTerms
from keystead_server.flows.emergency import CheckEmergency, EmergencyAlarm
from keystead_server.flows.end_session import EndSession
from keystead_server.flows.enrol_device import EnrolDevice
from keystead_server.flows.enter import Enter
from keystead_server.flows.explain_passkey import ExplainPasskey
from keystead_server.flows.explain_sign_in import ExplainSignIn
from keystead_server.flows.finish_sign_in import FinishSignIn
from keystead_server.flows.foresee import Foresee
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
from keystead_server.flows.method_gate import MethodGate
from keystead_server.flows.pin_policy import PinKind, PinPolicies
from keystead_server.flows.policy_kinds import MethodsKind, PasskeyKind
from keystead_server.flows.preview_methods_policy import PreviewMethodsPolicy
from keystead_server.flows.preview_passkey_policy import PreviewPasskeyPolicy
from keystead_server.flows.redeem_code import RedeemCode
from keystead_server.flows.register_on_behalf import RegisterOnBehalf
from keystead_server.flows.register_passkey import RegisterPasskey
from keystead_server.flows.registration_report import RegistrationReport
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
from keystead_server.flows.what_if_access import AnalyseAccess, WhatIfAccess
from keystead_server.http.runs import Runs
from keystead_server.http.services import (
    Access,
    Computers,
    Directory,
    Ground,
    MethodRules,
    Methods,
    Passkeys,
    Risk,
    Services,
    SigningIn,
    Tokens,
)
from keystead_server.main.config import Config
from keystead_server.main.foundation import Foundation
from keystead_server.trust.attestation_authority.endorsement import MakersFolder


def build_services(on: Foundation, config: Config) -> Services:
    parts = (
        _ground(on),
        _signing_in(on),
        _methods(on),
        _passkeys(on),
        _computers(on, config),
        _directory(on),
        _method_rules(on),
        _access(on),
        _risk(on),
        _tokens(on),
    )
    return Services(**{name: value for part in parts for name, value in vars(part).items()})


def _ground(on: Foundation) -> Ground:
    clock, entropy = on.clock, on.entropy
    return Ground(
        store=on.store,
        clock=clock,
        entropy=entropy,
        sealer=on.sealer,
        signer=on.signer,
        relying_party=on.us,
        metadata=on.metadata,
        geo_ip=on.places,
        runs=Runs(clock, entropy),
        policies=on.policies,
        methods=on.methods,
        access_policies=on.access,
        held_methods=on.held,
        duty=on.duty,
        access_gate=on.ruled,
        detect_risk=on.risks,
    )


def _signing_in(on: Foundation) -> SigningIn:
    store, clock, entropy, sealer = on.store, on.clock, on.entropy, on.sealer
    letters, held, ruled = on.letters, on.held, on.ruled
    alarm = EmergencyAlarm(store, entropy, letters)
    return SigningIn(
        sign_in=SignIn(store, clock, entropy, sealer, on.policies, on.us, ParsedKeys(), on.models, ruled, alarm),
        sign_in_with_pass=SignInWithPass(store, clock, entropy, sealer, on.methods, ruled, alarm),
        sign_in_with_password=SignInWithPassword(store, clock, entropy, sealer, on.hasher, held, ruled),
        finish_sign_in=FinishSignIn(store, clock, entropy, sealer, held, ruled, alarm),
        enter=Enter(store, clock, entropy, ruled),
        accept_terms=AcceptTerms(store, clock, entropy, ruled),
        sign_out=SignOut(store, clock, entropy, letters),
    )


def _methods(on: Foundation) -> Methods:
    store, clock, entropy, sealer, letters = on.store, on.clock, on.entropy, on.sealer, on.letters
    gate = MethodGate(on.held, clock)
    return Methods(
        issue_pass=IssuePass(store, clock, entropy, sealer, on.methods, letters),
        revoke_pass=RevokePass(store, clock, entropy),
        set_password=SetPassword(store, clock, entropy, sealer, on.hasher, gate, letters, on.risks),
        set_up_totp=SetUpTotp(store, clock, entropy, sealer, gate, letters),
        make_recovery_codes=MakeRecoveryCodes(store, clock, entropy, sealer, gate, letters),
        manage_methods=ManageMethods(store, clock, entropy, gate, letters),
    )


def _passkeys(on: Foundation) -> Passkeys:
    store, clock, entropy, sealer = on.store, on.clock, on.entropy, on.sealer
    letters, policies, methods, models, us, vouch = on.letters, on.policies, on.methods, on.models, on.us, on.vouch
    return Passkeys(
        register_passkey=RegisterPasskey(
            store, clock, entropy, sealer, policies, us, vouch, models, methods, letters, on.ruled
        ),
        abandon_registration=AbandonRegistration(store, clock, entropy, sealer),
        suggest_passkey=SuggestPasskey(store, clock, entropy, policies, methods, models),
        register_on_behalf=RegisterOnBehalf(store, clock, entropy, sealer, policies, us, vouch, models, letters),
        check_registration=CheckRegistration(store, policies, models),
        manage_passkey=ManagePasskey(store, clock, entropy, letters, on.held),
        explain_passkey=ExplainPasskey(store, policies, models),
        list_quarantined=ListQuarantined(store, policies, models),
        registration_details=RegistrationReport(store, clock, policies, methods, models),
    )


def _computers(on: Foundation, config: Config) -> Computers:
    store, clock, entropy, sealer, authorities = on.store, on.clock, on.entropy, on.sealer, on.authorities
    terms = SetTerms(authorities, PinPolicies(store))
    makers = MakersFolder.read(config.tpm_makers_folder)
    first_use = FirstUse(config.tpm_first_use)
    return Computers(
        enrol_device=EnrolDevice(store, clock, entropy, sealer, makers, authorities, first_use, terms),
        renew_device=RenewDevice(store, clock, entropy, sealer, authorities, terms),
        ask_unlock=AskUnlock(store, clock, entropy, sealer, authorities),
        allow_unlock=AllowUnlock(store, clock, entropy, sealer, authorities, on.held, on.letters),
        manage_device=ManageDevice(store, clock, entropy),
        rotate_authority=RotateAuthority(store, clock, entropy, authorities),
    )


def _directory(on: Foundation) -> Directory:
    store, clock, entropy = on.store, on.clock, on.entropy
    return Directory(
        manage_user=ManageUser(store, clock, entropy, on.letters),
        manage_group=ManageGroup(store, clock, entropy),
        manage_app=ManageApp(store, clock, entropy),
    )


def _method_rules(on: Foundation) -> MethodRules:
    store, clock, entropy, policies, models = on.store, on.clock, on.entropy, on.policies, on.models
    passkey_kind = PasskeyKind(store, models)
    methods_kind = MethodsKind(store, clock, models, policies, on.methods, on.access)
    return MethodRules(
        save_passkey_policy=SavePolicy(store, clock, entropy, passkey_kind),
        preview_passkey_policy=PreviewPasskeyPolicy(store, models, passkey_kind),
        roll_back_passkey_policy=RollBackPolicy(store, passkey_kind),
        save_methods_policy=SavePolicy(store, clock, entropy, methods_kind),
        preview_methods_policy=PreviewMethodsPolicy(store, methods_kind, policies, clock),
        roll_back_methods_policy=RollBackPolicy(store, methods_kind),
        save_pin_policy=SavePolicy(store, clock, entropy, PinKind()),
    )


def _access(on: Foundation) -> Access:
    store, clock, entropy, methods = on.store, on.clock, on.entropy, on.methods
    access, held, places = on.access, on.held, on.places
    access_kind = AccessKind(store, clock, held, access, places)
    save_access = SavePolicy(store, clock, entropy, access_kind)
    return Access(
        manage_access=ManageAccess(store, clock, access_kind, save_access, access, methods),
        roll_back_access_policy=RollBackPolicy(store, access_kind),
        access_reach=AccessReach(store, clock),
        access_impact=AccessImpact(store, clock, access),
        analyse_access=AnalyseAccess(store, clock, methods, on.policies),
        what_if_access=WhatIfAccess(store, clock, places, on.risks),
        replay_access=ReplayAccess(store, clock, places, access),
        foresee=Foresee(store, clock, entropy, on.ruled),
        explain_sign_in=ExplainSignIn(store, clock, places, access),
        check_emergency=CheckEmergency(store, clock, entropy, access, held, on.letters),
    )


def _risk(on: Foundation) -> Risk:
    store, clock = on.store, on.clock
    return Risk(
        list_risk=ListRisk(store, clock, on.risks),
        manage_risk=ManageRisk(store, clock, on.entropy),
    )


def _tokens(on: Foundation) -> Tokens:
    store, clock, entropy, sealer, ruled, us, duty = on.store, on.clock, on.entropy, on.sealer, on.ruled, on.us, on.duty
    return Tokens(
        authorize=Authorize(store, clock, entropy, sealer, duty, us, ruled),
        redeem_code=RedeemCode(store, clock, entropy, sealer, on.signer, duty, us, ruled),
        app_token=AppToken(store, clock, entropy, on.signer, us, ruled),
        api_access=ApiAccess(store, clock, on.signer, us, duty, ruled),
        user_info=UserInfo(store, clock, on.signer, ruled),
        end_session=EndSession(store, clock, on.signer),
    )
