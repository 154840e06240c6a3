"""A page of constructors: every flow gets what it stands on here, and nowhere else."""

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
from keystead_server.http.services import Services
from keystead_server.main.config import Config
from keystead_server.main.foundation import Foundation
from keystead_server.trust.attestation_authority.endorsement import MakersFolder


def build_services(on: Foundation, config: Config) -> Services:
    store, clock, entropy, sealer, letters = on.store, on.clock, on.entropy, on.sealer, on.letters
    policies, methods, access, models, held, ruled = on.policies, on.methods, on.access, on.models, on.held, on.ruled
    us, places, duty, vouch = on.us, on.places, on.duty, on.vouch
    gate, alarm = MethodGate(held, clock), EmergencyAlarm(store, entropy, letters)
    passkey_kind = PasskeyKind(store, models)
    methods_kind = MethodsKind(store, clock, models, policies, methods, access)
    access_kind = AccessKind(store, clock, held, access, places)
    save_access = SavePolicy(store, clock, entropy, access_kind)
    makers, first_use = MakersFolder.read(config.tpm_makers_folder), FirstUse(config.tpm_first_use)
    authorities = on.authorities
    terms = SetTerms(authorities, PinPolicies(store))
    return Services(
        store=store,
        clock=clock,
        entropy=entropy,
        sealer=sealer,
        signer=on.signer,
        relying_party=us,
        policies=policies,
        methods=methods,
        duty=duty,
        metadata=on.metadata,
        geo_ip=places,
        detect_risk=on.risks,
        list_risk=ListRisk(store, clock, on.risks),
        manage_risk=ManageRisk(store, clock, entropy),
        sign_in=SignIn(store, clock, entropy, sealer, policies, us, ParsedKeys(), models, ruled, alarm),
        sign_in_with_pass=SignInWithPass(store, clock, entropy, sealer, methods, ruled, alarm),
        sign_in_with_password=SignInWithPassword(store, clock, entropy, sealer, on.hasher, held, ruled),
        finish_sign_in=FinishSignIn(store, clock, entropy, sealer, held, ruled, alarm),
        held_methods=held,
        set_password=SetPassword(store, clock, entropy, sealer, on.hasher, gate, letters, on.risks),
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
        what_if_access=WhatIfAccess(store, clock, places, on.risks),
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
        redeem_code=RedeemCode(store, clock, entropy, sealer, on.signer, duty, us, ruled),
        app_token=AppToken(store, clock, entropy, on.signer, us, ruled),
        api_access=ApiAccess(store, clock, on.signer, us, duty, ruled),
        revoke_pass=RevokePass(store, clock, entropy),
        registration_details=RegistrationReport(store, clock, policies, methods, models),
        user_info=UserInfo(store, clock, on.signer, ruled),
        end_session=EndSession(store, clock, on.signer),
    )
