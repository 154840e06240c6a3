"""What the browser host, the command line and the daemon say to each other.

    Request   {"id": …, "verb": …, members of the verb}
    Reply     {"id": …, "ok": {…}}                                       Done
              {"id": …, "error": {"code": …, "message": …, "name": …}}   Failed
    Progress  {"id": …, "asking": true or false}    before the reply to `ctap`: a person is (no longer) asked

    verb         members; ok
    ----         -----------
    hello        ; agent (version), protocol
    status       ; keystore, pin, providers, passkeys, socket, …
    providers    ; providers: [{rp_id, origins, name, issuer}]
    list         ; passkeys: [{credential, rp_id, name, display_name, created_at, sign_count}]
    accounts     rp_id, origin; accounts: [{credential, name, display_name}]
    enrol        url, code?; provider: {rp_id, origins, name, issuer}, proof?: {device, name, expires_at}
    unenrol      provider (its rp id); removed (how many passkeys went with it)
    set_pin      ;
    change_pin   ;
    unlock       ; provider, device, code, page, expires_at: what the person types, where, and until when
    unlock_wait  ; unlocked: true or false, after a minute at most
    remove       credential;
    rename       credential, name;
    explain      site; site, rp_id, sentences: what would happen there now, and why
    create       origin, top_origin?, options; credential: RegistrationResponseJSON
    get          origin, top_origin?, options, mediation?, credential?;
                 credential: AuthenticationResponseJSON
    ctap         channel, command; response (both CTAP messages in base64url)
    log          last, skip; lines: [{at, event, …}], the newest last
    cancel       target (the id of a request on the same connection);
    prompter     ; service (version). From here on questions come on this connection: see `prompting`
    answer       question, answer;

Where keys are in a file, `list`, `accounts` and `enrol` answer with `beware`, a sentence that says so.
A credential is named by its id in base64url. The PIN is in no message but `answer`,
which only a session's own prompter sends, to the service of the whole computer; a
person's own daemon asks for it itself. So nothing that faces a browser or a shell
ever holds it.

A verb or member that is not in the table is refused.
"""

from typing import Final

from keystead_core.link.members import ERROR_NAMES, ErrorName, Mediation
from keystead_core.link.replies import Done, Failed, Progress, Reply, id_of, progress_from_json, reply_from_json
from keystead_core.link.requests import (
    MOST_LOG_LINES,
    VERBS,
    Accounts,
    Answer,
    Cancel,
    ChangePin,
    Create,
    Ctap,
    Enrol,
    Explain,
    Get,
    Hello,
    ListPasskeys,
    Prompter,
    Providers,
    ReadLog,
    Remove,
    Rename,
    Request,
    SetPin,
    Status,
    Unenrol,
    Unlock,
    UnlockWait,
    request_from_json,
)

__all__ = [
    "ERROR_NAMES",
    "MOST_LOG_LINES",
    "NO_ID",
    "PROTOCOL",
    "VERBS",
    "Accounts",
    "Answer",
    "Cancel",
    "ChangePin",
    "Create",
    "Ctap",
    "Done",
    "Enrol",
    "ErrorName",
    "Explain",
    "Failed",
    "Get",
    "Hello",
    "ListPasskeys",
    "Mediation",
    "Progress",
    "Prompter",
    "Providers",
    "ReadLog",
    "Remove",
    "Rename",
    "Reply",
    "Request",
    "SetPin",
    "Status",
    "Unenrol",
    "Unlock",
    "UnlockWait",
    "id_of",
    "progress_from_json",
    "reply_from_json",
    "request_from_json",
]

PROTOCOL: Final = 1
# Of a reply to what had no id that could be read, or to a connection that is not served.
NO_ID: Final = "-"
