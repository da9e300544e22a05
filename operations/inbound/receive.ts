import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context, PublicContext } from '../context.js';
import type { Stores } from '../ports.js';
import { openConnection } from '../rail-connection/open.js';

export interface InboundDelivery {
  rail: string;
  /** UUID. */
  connection_id: string;
  /** The body exactly as it was received, because signatures are over these bytes. */
  raw: Uint8Array;
  headers: Record<string, string | undefined>;
}

export interface InboundReceipt {
  object: 'inbound_receipt';
  duplicate: boolean;
}

/** Where a delivery's raw body is sealed. */
export const inboundPlace = (tenantId: string, inboundId: string) => ({ tenantId, purpose: 'inbound', record: inboundId, field: 'body' }) as const;

/**
 * Receives a provider's webhook (R7): authenticates it over its raw body, stores it sealed and answers. The drain reduces it later.
 * Fails closed: a delivery that cannot be verified is not stored. The provider's event id makes a repetition a no-op.
 */
export const receiveInbound = async (publicContext: PublicContext, delivery: InboundDelivery): Promise<Result<InboundReceipt>> => {
  const tenantId = await publicContext.directory.tenantOfConnection(delivery.connection_id);
  if (!tenantId) return refuse('not_found', 'There is no such connection.');
  const ctx = publicContext.enter(tenantId, 'live', { type: 'system', process: 'api' });
  return ctx.inTenant((stores) => storeVerified(ctx, stores, delivery));
};

const storeVerified = async (ctx: Context, stores: Stores, delivery: InboundDelivery): Promise<Result<InboundReceipt>> => {
  const opened = await openConnection(ctx, stores, delivery.connection_id).catch(() => 'sealed' as const);
  if (opened === 'sealed' || opened?.connection.credentials.webhookSecret === '')
    return refuse('verification_unavailable', 'The secret of this connection cannot be read; the delivery was not taken in. Send it again later.');
  if (!opened || opened.rail.name !== delivery.rail) return refuse('not_found', 'There is no such connection.');
  const verified = opened.rail.verifyInbound(opened.connection, delivery.raw, delivery.headers, stores.now);
  if ('problem' in verified) return refuse('signature_invalid', `The delivery was not taken in: ${verified.problem}.`);

  const id = ctx.services.entropy.newId();
  const sealedBody = await ctx.services.vault.seal(stores.keys, inboundPlace(ctx.tenantId, id), delivery.raw);
  const fresh = await stores.inboundEvents.insert({ id, connectionId: opened.connection.id, providerEventId: verified.eventId, sealedBody });
  if (fresh)
    await stores.audit.append({
      subject: { type: 'connection', id: opened.connection.id },
      action: 'inbound.receive',
      result: 'ok',
      detail: { inbound_id: id, provider_event_id: verified.eventId, bytes: delivery.raw.length },
    });
  return ok({ object: 'inbound_receipt', duplicate: !fresh });
};
