// Tells the device which passkeys of this account are still good, so that it stops offering those that were removed.

const { rpId, userId, credentials } = document.getElementById("passkey-list").dataset;

globalThis.PublicKeyCredential?.signalAllAcceptedCredentials?.({
  rpId,
  userId,
  allAcceptedCredentialIds: credentials.split(" ").filter(Boolean),
}).catch(() => {});
