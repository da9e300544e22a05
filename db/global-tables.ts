/**
 * Tables that belong to no tenant: people, their factors, sessions and events, letters to them, organizations, the installation itself, the edges of an
 * item, what each role may do that every workspace has, counters of requests, whose keys tell nobody whose they are, and operators of the
 * platform with their keys.
 * Every other table has `tenant_id` and forced row-level security; test/db/catalog.test.ts compares with the database.
 */
export const GLOBAL_TABLES = [
  ...(['installation', 'organization', 'person', 'factor', 'factor_failures', 'session', 'person_event', 'mail_message'] as const),
  ...(['item_edge', 'role_permission', 'rate_counter', 'platform_operator', 'operator_key'] as const),
] as const;

/** The table in which Prisma records the migrations that it applied. */
export const TOOL_TABLES = ['_prisma_migrations'] as const;

/** Functions that look across tenants, with the NOLOGIN role that owns each (migrations 0003 and 0005). */
export const DEFINER_FUNCTIONS: Readonly<Record<string, string>> = {
  sluice_resolve_session: 'sluice_fn_signin',
  sluice_resolve_api_key: 'sluice_fn_signin',
  sluice_workspaces_of: 'sluice_fn_signin',
  sluice_person_of: 'sluice_fn_signin',
  sluice_holds: 'sluice_fn_signin',
  sluice_membership_stands: 'sluice_fn_signin',
  sluice_is_role: 'sluice_fn_signin',
  sluice_is_permission: 'sluice_fn_signin',
  sluice_role_is_held: 'sluice_fn_signin',
  sluice_end_sessions: 'sluice_fn_signin',
  sluice_note_session: 'sluice_fn_signin',
  sluice_password_of: 'sluice_fn_signin',
  sluice_hold_password: 'sluice_fn_signin',
  sluice_change_password: 'sluice_fn_signin',
  sluice_rehash_password: 'sluice_fn_signin',
  sluice_claim_outbox: 'sluice_fn_outbox',
  sluice_delivered: 'sluice_fn_outbox',
  sluice_undelivered: 'sluice_fn_outbox',
  sluice_outbox_backlog: 'sluice_fn_outbox',
  sluice_see_payments: 'sluice_fn_items',
  sluice_queue_for_sequencer: 'sluice_fn_sequencer',
  sluice_tenants_to_sequence: 'sluice_fn_sequencer',
  sluice_tree_heads: 'sluice_fn_sequencer',
  sluice_unpublished_heads: 'sluice_fn_sequencer',
  sluice_tenant_of_connection: 'sluice_fn_inbound',
  sluice_tenants_to_drain: 'sluice_fn_inbound',
  sluice_batches_to_drive: 'sluice_fn_driver',
  sluice_wake_batches: 'sluice_fn_driver',
  sluice_stalled_batches: 'sluice_fn_driver',
  sluice_released_without_second_factor: 'sluice_fn_driver',
  sluice_gate_holders: 'sluice_fn_driver',
  sluice_open_exceptions: 'sluice_fn_driver',
  sluice_prune_idempotency_keys: 'sluice_fn_idempotency',
  sluice_prune_signature_nonces: 'sluice_fn_idempotency',
  sluice_forget_payments: 'sluice_fn_idempotency',
  sluice_prune_rate_counters: 'sluice_fn_idempotency',
  sluice_seen_payments: 'sluice_fn_idempotency',
  sluice_post_transfers: 'sluice_fn_ledger',
  sluice_lock_accounts: 'sluice_fn_items',
  sluice_keep_accounts: 'sluice_fn_items',
  sluice_step_items: 'sluice_fn_items',
  sluice_post_items: 'sluice_fn_items',
  sluice_move_items: 'sluice_fn_items',
  sluice_withdraw_items: 'sluice_fn_items',
  sluice_give_back: 'sluice_fn_items',
  sluice_pause_recovered: 'sluice_fn_items',
  sluice_place_hold: 'sluice_fn_items',
  sluice_release_hold: 'sluice_fn_items',
  sluice_count_content: 'sluice_fn_items',
  sluice_upload_ends: 'sluice_fn_driver',
  sluice_write_mail: 'sluice_fn_mail',
  sluice_claim_mail: 'sluice_fn_mail',
  sluice_mail_sent: 'sluice_fn_mail',
  sluice_mail_not_sent: 'sluice_fn_mail',
  sluice_mail_backlog: 'sluice_fn_mail',
  sluice_forget_mail: 'sluice_fn_mail',
  sluice_workspace_closed: 'sluice_fn_signin',
  sluice_end_sessions_of_closed: 'sluice_fn_signin',
  sluice_resolve_operator: 'sluice_fn_operator',
  sluice_is_operator: 'sluice_fn_operator',
  sluice_operator_names: 'sluice_fn_operator',
  sluice_tenants: 'sluice_fn_operator',
  sluice_tenant: 'sluice_fn_operator',
  sluice_open_freezes: 'sluice_fn_operator',
  sluice_create_tenant: 'sluice_fn_operator',
};

/** Functions that a process role calls with the rights of the tables' owner, because only an owner may make a partition. */
export const OWNER_FUNCTIONS = ['sluice_add_months'] as const;
