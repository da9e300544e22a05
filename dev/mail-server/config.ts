import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535).default(0);
const secret = z.string().min(16);

/** Environment of the local mail server, which is a process of its own and shares no configuration with Sluice. 0 chooses a free port. */
const environment = z.object({
  MAIL_SMTP_PORT: port,
  MAIL_PAGE_PORT: port,
  MAIL_DIR: z.string().min(1),
  /** Who may put messages in: user `sluice` with this password. */
  MAIL_PASSWORD: secret,
  /** The first part of the page's path: who does not know it reads nothing. */
  MAIL_PAGE_KEY: secret,
});

export type MailServerConfig = z.infer<typeof environment>;

/** Throws an Error that names every wrong variable. */
export const readConfig = (env: Record<string, string | undefined>): MailServerConfig => {
  const parsed = environment.safeParse(env);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The local mail server cannot start with this environment:\n${lines.join('\n')}`);
};
