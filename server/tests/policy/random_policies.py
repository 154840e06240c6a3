"""Random policies, people and passkeys, over so few names that they meet."""

from uuid import UUID

from hypothesis import strategies as st
from keystead_core.webauthn import KEYSTEAD_TPM
from keystead_server.domain.ids import GroupId, UserId
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
    Subject,
    Target,
    group,
    role,
    user,
)
from keystead_server.policy.passkeys.rules import PasskeyFacts

MODELS = [UUID(int=1), UUID(int=2), KEYSTEAD_TPM]
GROUPS = [GroupId("staff"), GroupId("leavers"), GroupId("third")]
USERS = [UserId("ada"), UserId("bob")]
ALGORITHMS = [-7, -8, -257]
PRINCIPALS = [ALL_USERS, *map(group, GROUPS), *map(user, USERS), *map(role, Role)]
IDS = ["a", "b", "c"]

subjects = st.builds(
    Subject, st.sampled_from(USERS), st.frozensets(st.sampled_from(GROUPS)), st.frozensets(st.sampled_from(Role))
)
facts = st.builds(
    PasskeyFacts,
    st.sampled_from(PasskeyType),
    st.sampled_from(MODELS),
    st.sampled_from(Proof),
    st.sampled_from(ALGORITHMS),
    st.sampled_from(["none", "packed"]),
    st.sampled_from([frozenset[str]()] * 4 + [frozenset({"REVOKED"})]),
    st.booleans(),
)
restrictions = st.builds(
    KeyRestrictions,
    st.booleans(),
    st.sampled_from(EnforcementType),
    st.frozensets(st.sampled_from(MODELS)),
    st.frozensets(st.sampled_from(["keysteadContainer", "windowsHello"])),
)
profiles = st.builds(
    PasskeyProfile,
    id=st.sampled_from(IDS),
    name=st.sampled_from(["One", "Two"]),
    passkey_types=st.frozensets(st.sampled_from(PasskeyType), min_size=1),
    attestation_enforcement=st.sampled_from(AttestationEnforcement),
    key_restrictions=restrictions,
    minimum_proof=st.sampled_from(Proof),
    algorithms=st.frozensets(st.sampled_from(ALGORITHMS)),
    allow_legacy_attestation=st.booleans(),
)
excluded = st.frozensets(st.sampled_from(PRINCIPALS), max_size=2)


@st.composite
def policies(draw: st.DrawFn, combination: ProfileCombination | None = None) -> PasskeyPolicy:
    some = tuple(draw(st.lists(profiles, max_size=3, unique_by=lambda p: p.id)))
    ids = st.lists(st.sampled_from([p.id for p in some]), unique=True).map(tuple) if some else st.just(())
    include = draw(st.lists(st.builds(Target, st.sampled_from(PRINCIPALS), ids), max_size=4))
    # Mostly switched on and seldom excluding: else hardly a policy would get as far as its profiles.
    return PasskeyPolicy(
        enabled=draw(st.integers(0, 9)) > 0,
        self_service=draw(st.booleans()),
        include=tuple(include),
        exclude=draw(excluded) if draw(st.integers(0, 3)) == 0 else frozenset(),
        profiles=some,
        combination=combination or draw(st.sampled_from(ProfileCombination)),
    )
