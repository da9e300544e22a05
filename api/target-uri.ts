import type { Request } from 'express';

/**
 * The target URI of a request (RFC 9110, section 7.1) as its caller means it; null when it is not one of this API. Scheme and host are those
 * of the configured public URL: behind a proxy the connection and `Host` are the proxy's. Without one they are http and the `Host` that the
 * caller names, as on a machine that is reached directly. A request line may name the whole URI itself, and then it has to be this one.
 */
export const targetUriOf = (req: Pick<Request, 'originalUrl' | 'headers'>, publicUrl: string | null): string | null => {
  const { host } = req.headers;
  const base = publicUrl ?? (host ? `http://${host}` : null);
  if (base === null) return null;
  if (req.originalUrl.startsWith('/')) return `${base}${req.originalUrl}`;
  return req.originalUrl.startsWith(`${base}/`) ? req.originalUrl : null;
};
