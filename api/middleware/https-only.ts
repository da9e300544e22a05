import type { Request, RequestHandler } from 'express';
import { refuse } from '../../domain/result.js';
import { sendRefusal } from '../respond.js';

/** What a supervisor or a load balancer asks on its own network, with no credential. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/**
 * Where callers use https://, refuses what came over plain HTTP before anything of it is looked at, probes aside. It redirects nobody: the
 * credential has crossed the network in clear by then, and a client that follows redirects would send it so again, unnoticed.
 */
export const httpsOnly =
  (publicUrl: string | null): RequestHandler =>
  (req, res, next) => {
    if (!publicUrl?.startsWith('https://') || cameOverTls(req) || PROBES.has(req.path)) return next();
    sendRefusal(
      res,
      refuse(
        'https_required',
        `This request came without TLS. Call ${publicUrl}, and replace the credential that was sent: others on the way could read it.`,
      ).refusal,
    );
  };

/**
 * The API speaks no TLS itself: a trusted proxy says by X-Forwarded-Proto what the client spoke. Express believes the first of several values,
 * which a client may have written in front of the proxy's own, so each of them has to be https.
 */
const cameOverTls = (req: Request): boolean =>
  req.secure && (req.get('x-forwarded-proto') ?? 'https').split(',').every((scheme) => scheme.trim() === 'https');
