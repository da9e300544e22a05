import { z } from 'zod';

/** Environment of the sandbox provider, which is a process of its own and shares no configuration with Sluice. */
const environment = z.object({
  PROVIDER_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0 chooses a free port; the ready line names it. */
  PROVIDER_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  PROVIDER_DATA_DIR: z.string().min(1),
  PROVIDER_API_KEY: z.string().min(16),
  /** Standard Webhooks secret: `whsec_` and base64 of 24 to 64 bytes. */
  PROVIDER_WEBHOOK_SECRET: z.string().transform((text, context) => {
    const key = Buffer.from(text.replace(/^whsec_/, ''), 'base64');
    if (key.length >= 24 && key.length <= 64) return key;
    context.addIssue({ code: 'custom', message: 'whsec_ and base64 of 24 to 64 bytes' });
    return z.NEVER;
  }),
  PROVIDER_WEBHOOK_URL: z.url().optional(),
  PROVIDER_LATENCY_MS: z.coerce.number().int().min(0).default(0),
  /** How long an asynchronous payment takes from accepted to its final state. */
  PROVIDER_SETTLE_MS: z.coerce.number().int().min(0).default(250),
  /** Faults from the start: the JSON body of POST /control/faults. */
  PROVIDER_FAULTS: z.string().optional(),
  /** `group`: answers only after a sync to the disk, with one sync for all waiting requests. `off`: writes without a sync. */
  PROVIDER_FSYNC: z.enum(['group', 'off']).default('group'),
});

export type ProviderConfig = z.infer<typeof environment>;

/** Throws an Error that names every wrong variable. */
export const readConfig = (env: Record<string, string | undefined>): ProviderConfig => {
  const parsed = environment.safeParse(env);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The sandbox provider cannot start with this environment:\n${lines.join('\n')}`);
};
