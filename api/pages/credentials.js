// Passkeys of this browser, in the JSON of WebAuthn level 3. Browsers that cannot convert it get it converted here.
import { toBase64Url } from './binding.js';

/** Why this browser cannot use passkeys at this address, as something that `problemText` can show, or null. */
export const unsupported = () => {
  if (!globalThis.isSecureContext)
    return {
      title: 'Passkeys need a secure address',
      detail: 'This page was opened over plain http, where browsers hide passkeys.',
      next: 'Open it by its https address; on the machine itself by http://localhost.',
    };
  if (!globalThis.PublicKeyCredential || !navigator.credentials)
    return {
      title: 'This browser has no passkeys',
      detail: 'It is too old, or they are turned off in it.',
      next: 'Use a current Chrome, Edge, Firefox or Safari.',
    };
  return null;
};

/** Makes a passkey. `options`: PublicKeyCredentialCreationOptionsJSON. Answers a RegistrationResponseJSON; throws a DOMException. */
export const createPasskey = async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? creationOptions(options);
  return toJson(await navigator.credentials.create({ publicKey }));
};

/** Signs with a passkey. `options`: PublicKeyCredentialRequestOptionsJSON. Answers an AuthenticationResponseJSON; throws a DOMException. */
export const getPasskey = async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? requestOptions(options);
  return toJson(await navigator.credentials.get({ publicKey }));
};

const fromBase64Url = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0));

const withBytes = (descriptors) => descriptors?.map((one) => ({ ...one, id: fromBase64Url(one.id) }));

export const requestOptions = (options) => ({
  ...options,
  challenge: fromBase64Url(options.challenge),
  ...(options.allowCredentials ? { allowCredentials: withBytes(options.allowCredentials) } : {}),
});

export const creationOptions = (options) => ({
  ...options,
  challenge: fromBase64Url(options.challenge),
  user: { ...options.user, id: fromBase64Url(options.user.id) },
  ...(options.excludeCredentials ? { excludeCredentials: withBytes(options.excludeCredentials) } : {}),
});

/** `toJSON` of browsers that have none, and of passkeys whose extension overrides it with one that throws. */
export const toJson = (credential) => {
  try {
    if (credential.toJSON) return credential.toJSON();
  } catch {
    // Some password managers put objects of their own in the place of the browser's.
  }
  const { response } = credential;
  return {
    id: credential.id,
    rawId: toBase64Url(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    ...(credential.authenticatorAttachment ? { authenticatorAttachment: credential.authenticatorAttachment } : {}),
    response: {
      clientDataJSON: toBase64Url(response.clientDataJSON),
      ...(response.attestationObject
        ? { attestationObject: toBase64Url(response.attestationObject), transports: response.getTransports?.() ?? [] }
        : {
            authenticatorData: toBase64Url(response.authenticatorData),
            signature: toBase64Url(response.signature),
            ...(response.userHandle ? { userHandle: toBase64Url(response.userHandle) } : {}),
          }),
    },
  };
};
