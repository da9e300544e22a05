import type { z } from 'zod';

export interface Setting {
  name: string;
  value: string;
  description: string;
}

/** The effective settings of one process: the value that is set, else the default of the schema; one in JSON as it was typed. Secrets are masked. */
export const maskedConfiguration = (schema: z.ZodObject, env: NodeJS.ProcessEnv): Setting[] =>
  Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, own]) => {
    const { description = '', secret } = metaOf(own);
    const parsed = own.safeParse(env[name]);
    const value = parsed.success
      ? parsed.data === undefined
        ? '(not set)'
        : secret
          ? '********'
          : typeof parsed.data === 'object'
            ? (env[name] ?? '{}')
            : String(parsed.data)
      : env[name] === undefined
        ? '(required, not set)'
        : '(wrong)';
    return { name, value, description };
  });

/** `default` and `optional` wrap the schema that has the description. */
const metaOf = (schema: z.ZodType): { description?: string | undefined; secret?: unknown } => {
  const own = schema.meta();
  if (own) return own;
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return inner ? metaOf(inner) : {};
};
