import { z } from 'zod';
import { isLoopback } from '../domain/loopback.js';
import { FACTOR_REST_HOURS } from '../domain/second-factor.js';
import { planRates, rates, workspaceRates } from './rates.js';
import { count, countOrNone, networks, port, secret, setting, shared } from './schema.js';

const isPublicUrl = (url: string): boolean => URL.canParse(url) && /^https?:\/\/[^?#@]*[^?#@/]$/.test(url);

/** Over plain HTTP callers reach this machine alone. */
const isSafeUrl = (url: string): boolean => url.startsWith('https:') || isLoopback(new URL(url).hostname);

const settings = z.object({
  ...shared,
  SLUICE_API_DATABASE_URL: secret('Postgres URL of the API role, which owns nothing and bypasses no policy'),
  SLUICE_API_DIRECT_URL: secret('The same role without a transaction pool, for LISTEN').optional(),
  SLUICE_API_HOST: setting('Address to listen on').default('127.0.0.1'),
  SLUICE_API_PORT: port('Port to listen on', 8080),
  SLUICE_PUBLIC_URL: z
    .string()
    .refine(isPublicUrl, { error: 'a URL such as https://pay.example, without a slash at its end', abort: true })
    .refine(isSafeUrl, 'give an https:// URL; http:// is for this machine alone')
    // As clients write it: the host in lower case, no port that is the scheme's own.
    .transform((url) => new URL(url).href.replace(/\/$/, ''))
    .optional()
    .meta({
      description:
        'URL that callers use, which signed calls sign, and to whose host passkeys belong (https, a host name); with https:// whatever comes over plain HTTP is refused; without it, http:// and the Host of the request, and passkeys only where SLUICE_COOKIES is `loopback`, as http://localhost with the port',
    }),
  SLUICE_API_CONNECTIONS: count('Database connections', 10),
  SLUICE_RATES: rates,
  SLUICE_PLAN_RATES: planRates,
  SLUICE_WORKSPACE_RATES: workspaceRates,
  SLUICE_API_HEALTH_PORT: port('Port of /healthz, /readyz and /metrics on loopback', 8084),
  SLUICE_UI_URL: setting('Temporal Web UI: the page at / links to it, and the codec endpoint answers its pages alone').optional(),
  SLUICE_SPOOL_DIR: setting('Folder for CSV uploads that are being received'),
  SLUICE_CODEC_PORT: port('Port of the codec endpoint for the Web UI on loopback; 0 for none', 0),
  TEMPORAL_NAMESPACE: setting('Namespace whose payloads the codec endpoint decodes').default('sluice'),
  SLUICE_PASSWORDS_AT_ONCE: countOrNone('Passwords that are hashed at once, 46 MiB each; 0 for one on each core', 0),
  SLUICE_PASSWORDS_WAITING: countOrNone('So many more may wait to be hashed; whoever comes after them is refused with 503', 32),
  SLUICE_FACTOR_REST_HOURS: countOrNone(
    'Hours for which a second factor opens no gate and confirms nothing after it was confirmed itself',
    FACTOR_REST_HOURS,
  ),
  SLUICE_COOKIES: z
    .enum(['secure', 'loopback'])
    .default('secure')
    .meta({ description: '`secure` for TLS; `loopback` lets browsers sign in over plain http on this machine' }),
  SLUICE_TRUSTED_PROXIES: networks(
    'Addresses and networks (CIDR, separated by commas) of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; by default none is',
  ).optional(),
  SLUICE_SECURITY_CONTACT: setting('mailto: or https: address in /.well-known/security.txt').default('mailto:security@localhost'),
});

/** What is wrong with settings that are right one by one. */
export const apiConfig = settings.superRefine((given, issue) => {
  const wrong = (name: keyof typeof given, message: string): void => issue.addIssue({ code: 'custom', message, path: [name] });
  const { SLUICE_PUBLIC_URL: url, SLUICE_API_HOST: host, SLUICE_TRUSTED_PROXIES: proxies = [] } = given;
  if (!url?.startsWith('https:') && !isLoopback(host))
    wrong('SLUICE_PUBLIC_URL', `give the https:// URL that callers use, because others reach ${host}`);
  if (url?.startsWith('https:') && proxies.length === 0)
    wrong('SLUICE_TRUSTED_PROXIES', 'name the proxy that speaks TLS: without it every request looks like plain HTTP, and is refused');
});

export type ApiConfig = z.infer<typeof apiConfig>;
