/**
 * The API's field behind each flag; several where commands use the flag for different ones, none for a flag that the API does not know.
 * Refusals of the API name its fields, and people type flags.
 */
export const FIELDS_OF: Readonly<Record<string, readonly string[]>> = {
  '--account': ['account_id'],
  '--account-number': ['account_number'],
  '--account-token': ['account_token'],
  '--after': ['starting_after'],
  '--alert-at': ['alert_at'],
  '--algorithm': ['algorithm'],
  '--all': [],
  '--allow': ['allowed_networks'],
  '--allow-duplicates': ['allow_duplicates'],
  '--as': [],
  '--batch': ['batch_id'],
  '--bic': ['bic'],
  '--checkpoint': [],
  '--choice': ['choice'],
  '--confirm': ['proposal_id'],
  '--connection': ['connection', 'connection_id'],
  '--country': ['country'],
  '--currency': ['currency'],
  '--delivery': ['delivery_id'],
  '--description': ['description'],
  '--draft': ['draft'],
  '--email': ['email'],
  '--exclude': ['exclude'],
  '--existing': [],
  '--expires': ['expires_at'],
  '--export': [],
  '--external-id': ['external_id'],
  '--format': [],
  '--freeze': ['freeze_id'],
  '--funding-account': ['funding_account'],
  '--grace': ['grace_seconds'],
  '--iban': ['iban'],
  '--idempotency-key': [],
  '--items': ['items'],
  '--json': [],
  '--key': [],
  '--kind': ['kind'],
  '--limit': ['limit'],
  '--name': ['name'],
  '--no-wait': [],
  '--note': [],
  '--open': [],
  '--out': [],
  '--owner': ['owner_id', 'owner'],
  '--owner-name': [],
  '--passkey': ['passkey'],
  '--plan': ['plan'],
  '--profile': [],
  '--rail': ['rail'],
  '--reason': ['reason'],
  '--reference': ['reference'],
  '--references': ['provider_reference'],
  '--reveal': ['reveal'],
  '--role': ['roles'],
  '--routing-number': ['routing_number'],
  '--scope': ['scopes'],
  '--since': ['since'],
  '--state': ['state'],
  '--step': ['step'],
  '--suspend-at': ['suspend_at'],
  '--tenant': ['workspace_id'],
  '--token': ['token'],
  '--type': ['payee_type'],
  '--url': [],
  '--validate-only': ['validate_only'],
  '--verify': [],
  '--version': [],
  '--workspace': ['workspace_id'],
};

/** The flag of a command for a field of the API, such as `reason`, `exclude.3` or `items.3.provider_reference`; the field itself when it has none for it. */
export const flagOf = (field: string, flags: readonly string[]): string => {
  const last = field.split('.').findLast((part) => !/^\d+$/.test(part)) ?? field;
  return flags.find((flag) => FIELDS_OF[flag]?.includes(last)) ?? field;
};

/** A sentence of the API with the flags of a command for its fields. Fields of one word, such as `reason`, are words of the language too. */
export const inFlags = (sentence: string, flags: readonly string[]): string =>
  sentence.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (field) => flagOf(field, flags));
