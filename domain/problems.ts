/**
 * All error codes. A code is wire format: its meaning never changes. The same code is the `code` of an RFC 9457 problem, the result
 * of an audit event and the `type` of a Temporal ApplicationFailure.
 */
export const PROBLEMS = {
  // request
  malformed_request: { status: 400, title: 'The request could not be read', retryable: false },
  malformed_json: { status: 400, title: 'The body is not valid JSON', retryable: false },
  invalid_request: { status: 422, title: 'The request has invalid fields', retryable: false },
  invalid_csv: { status: 422, title: 'The CSV has invalid rows', retryable: false },
  unsupported_media_type: { status: 415, title: 'This content type is not accepted here', retryable: false },
  payload_too_large: { status: 413, title: 'The body is larger than this route accepts', retryable: false },
  not_found: { status: 404, title: 'There is no such resource', retryable: false },
  method_not_allowed: { status: 405, title: 'This path does not take that method', retryable: false },
  // credentials
  unauthenticated: { status: 401, title: 'Sign in or send a valid API key', retryable: false },
  invalid_credentials: { status: 401, title: 'E-mail, password or code is wrong', retryable: false },
  session_expired: { status: 401, title: 'The session has ended', retryable: false },
  forbidden: { status: 403, title: 'This principal lacks the permission', retryable: false },
  password_wrong: { status: 403, title: 'The present password is wrong', retryable: false },
  password_refused: { status: 422, title: 'The new password is too easy to guess, or cannot be taken', retryable: false },
  passwords_busy: { status: 503, title: 'Too many passwords are being checked at once', retryable: true },
  workspace_mismatch: { status: 403, title: 'The credential belongs to another workspace', retryable: false },
  // idempotency
  idempotency_key_missing: { status: 400, title: 'This route needs an Idempotency-Key header', retryable: false },
  idempotency_key_reused: { status: 422, title: 'This Idempotency-Key was used with another input', retryable: false },
  idempotency_in_flight: { status: 409, title: 'The first request with this key is still running', retryable: true },
  secret_not_replayable: { status: 409, title: 'The first answer held a secret and is not kept', retryable: false },
  // batches
  external_id_taken: { status: 409, title: 'A batch with this external_id exists', retryable: false },
  duplicate_items: { status: 422, title: 'Items repeat payee, amount and reference', retryable: false },
  repeated_file: { status: 409, title: 'An earlier batch was made from the same file', retryable: false },
  repeated_payments: { status: 409, title: 'Payments are paid or open in an earlier batch', retryable: false },
  wrong_state: { status: 409, title: 'The batch is not in a state that allows this', retryable: false },
  batch_changed: { status: 409, title: 'The batch changed since it was read', retryable: false },
  batch_empty: { status: 422, title: 'Nothing would be left to pay', retryable: false },
  // gates
  gate_needs_person: { status: 403, title: 'Only a person signed in as themselves opens a gate', retryable: false },
  preparer_cannot_open: { status: 403, title: 'Who prepared a batch opens neither approve nor authorize', retryable: false },
  gate_same_person: { status: 403, title: 'Each gate of a batch is opened by another person', retryable: false },
  gate_holder_inactive: { status: 409, title: 'A person behind an earlier gate is no longer permitted', retryable: false },
  gate_not_authentic: { status: 409, title: 'An earlier gate has no authenticator of this installation', retryable: false },
  challenge_unknown: { status: 404, title: 'There is no such challenge for this person, batch and gate', retryable: false },
  challenge_expired: { status: 409, title: 'The challenge has expired', retryable: false },
  challenge_used: { status: 409, title: 'The challenge was used already', retryable: false },
  challenge_stale: { status: 409, title: 'The batch changed after the challenge was shown', retryable: false },
  code_wrong: { status: 403, title: 'The code is wrong', retryable: false },
  otp_step_used: { status: 409, title: 'This code was used already; wait for the next one', retryable: true },
  factor_locked: { status: 423, title: 'The second factor is locked after too many wrong codes', retryable: true },
  factor_missing: { status: 403, title: 'This person has no second factor', retryable: false },
  gate_deadline_passed: { status: 409, title: 'The deadline of this gate has passed', retryable: false },
  // exceptions
  exception_resolved: { status: 409, title: 'The exception is resolved already', retryable: false },
  choice_not_allowed: { status: 409, title: 'This kind of exception does not end this way', retryable: false },
  items_not_open: { status: 409, title: 'An item is not in doubt in this exception', retryable: false },
  items_proposed: { status: 409, title: 'An item waits in another proposal', retryable: false },
  reference_given: { status: 409, title: 'Another item of the batch has this reference of the provider', retryable: false },
  too_early: { status: 409, title: 'The provider may still take the payment in, or its key still lives', retryable: true },
  proposal_needs_person: { status: 403, title: 'Only people signed in as themselves end doubt', retryable: false },
  proposal_same_person: { status: 403, title: 'Who proposed does not confirm', retryable: false },
  preparer_cannot_settle: { status: 403, title: 'Who prepared a batch does not settle its doubt', retryable: false },
  proposal_closed: { status: 409, title: 'The proposal no longer waits for a confirmation', retryable: false },
  proposal_changed: { status: 409, title: 'The proposal is not what was shown', retryable: false },
  proposal_not_authentic: { status: 409, title: 'The confirmation has no authenticator of this installation', retryable: false },
  // money
  insufficient_funds: { status: 409, title: 'The funding account does not cover the batch', retryable: false },
  workspace_frozen: { status: 423, title: 'The workspace is frozen', retryable: false },
  integrity_failed: { status: 409, title: 'The content differs from what the gates signed', retryable: false },
  audit_behind: { status: 503, title: 'The audit log is behind; execute is closed until it has caught up', retryable: true },
  not_in_recovery: { status: 409, title: 'The database is not behind its published checkpoints', retryable: false },
  plan_changed: { status: 409, title: 'The plan of the recovery is another one by now', retryable: false },
  batch_in_doubt: { status: 409, title: 'The batch may have been paid before the database was restored', retryable: false },
  recovery_mode: { status: 503, title: 'The database is behind its published checkpoints; nothing is sent', retryable: false },
  not_on_live: { status: 403, title: 'This works in test workspaces only', retryable: false },
  // inbound
  signature_invalid: { status: 401, title: 'The signature does not verify', retryable: false },
  verification_unavailable: { status: 503, title: 'The material to verify this request is missing', retryable: true },
  // service
  rate_limited: { status: 429, title: 'Too many requests', retryable: true },
  not_ready: { status: 503, title: 'A part that this needs is not ready', retryable: true },
  internal: { status: 500, title: 'Something broke on our side', retryable: true },
  rail_unavailable: { status: 503, title: 'The payment provider does not answer', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>;

export type ProblemCode = keyof typeof PROBLEMS;
