"""What a sign-in page offers: what the tenant lets anybody use, and nothing that depends on who is asking."""

from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.people import ALL_USERS


def is_offered(policy: MethodsPolicy, method: Method) -> bool:
    """Whether there can be somebody who may sign in with *method*.

    Never asked for a person: a page that differed between two names would tell which of them is known.
    """
    if method is Method.PASSWORD and policy.passwords_forbidden:
        return False
    configuration = policy.of(method)
    if configuration is None or not configuration.enabled:
        return False
    return bool(configuration.include) and ALL_USERS not in configuration.exclude
