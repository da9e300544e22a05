import type { Request } from 'express';
import { readAddress } from '../domain/network.js';

/**
 * The address of the client in its one form (domain/network.ts): that of the connection or, where the connection is a trusted proxy's, the last
 * address of X-Forwarded-For that is no trusted proxy's (SLUICE_TRUSTED_PROXIES, `trust proxy` of Express). Null when it can't be read.
 */
export const clientAddress = (req: Pick<Request, 'ip'>): string | null => readAddress(req.ip ?? '');
