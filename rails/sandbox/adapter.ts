import type { Rail } from '../../operations/rail.js';
import { verifyStandardWebhook } from '../standard-webhooks.js';
import { fence } from './fence.js';
import { createDispatcher } from './http.js';
import { listSince } from './list-since.js';
import { lookUp } from './look-up.js';
import { RENDERER_VERSION, render } from './render.js';
import { sendBulk, sendSingle } from './send.js';
import { capabilitiesOf, readSettings } from './settings.js';
import { delivery, toOutcome } from './wire.js';

/** The sandbox rail: a payments API over HTTP, in bulk or one by one. It shares no code with the provider, only the contract. */
export const createSandboxRail = (): Rail => {
  const dispatcher = createDispatcher();
  return {
    name: 'sandbox',
    capabilities: (connection) => capabilitiesOf(readSettings(connection)),
    prepare: (payments, rendererVersion = RENDERER_VERSION) => render(payments, rendererVersion),
    send: async (connection, artefact, sending) => {
      const settings = readSettings(connection);
      const send = settings.endpoint === 'bulk' ? sendBulk : sendSingle;
      return send({ dispatcher, connection, settings, sending }, artefact.payments);
    },
    lookup: async (connection, keys, silentMs) => lookUp({ dispatcher, connection, settings: readSettings(connection), silentMs }, keys),
    fence: async (connection, keys) => fence({ dispatcher, connection, settings: readSettings(connection) }, keys),
    listSince: async (connection, since, after) => listSince({ dispatcher, connection, settings: readSettings(connection) }, since, after),
    verifyInbound: (connection, raw, headers, now) => verifyStandardWebhook(connection.credentials.webhookSecret, raw, headers, now),
    parseEvidence: (raw) => delivery.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw))).data.map(toOutcome),
  };
};
