import { receiveInbound } from '../../operations/inbound/receive.js';
import type { Handlers } from '../handlers.js';

export const inbound: Pick<Handlers, 'receive_inbound'> = {
  receive_inbound: receiveInbound,
};
