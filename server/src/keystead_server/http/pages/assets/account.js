// Tells the device which passkeys of this account are still good, so that it stops offering those that were
// removed, and what the account is called now, so that it is offered under its present name.

const { rpId, userId, credentials, username, displayName } = document.getElementById("passkey-list").dataset;

globalThis.PublicKeyCredential?.signalAllAcceptedCredentials?.({
  rpId,
  userId,
  allAcceptedCredentialIds: credentials.split(" ").filter(Boolean),
}).catch(() => {});
globalThis.PublicKeyCredential?.signalCurrentUserDetails?.({ rpId, userId, name: username, displayName }).catch(() => {});
