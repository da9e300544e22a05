import { type SerializedError, stdSerializers } from 'pino';

/** What Prisma prints of a call whose arguments it refuses, in every error format: the whole tree of them, up to an empty line. */
const ARGUMENTS = /(Invalid `[^`\n]*` invocation[^\n]*:\s*?\n\s*?\n)[\s\S]*?\n\s*\}[ \t]*\n\s*?\n/g;

const withoutArguments = (text: string): string => text.replace(ARGUMENTS, '$1');

/**
 * An error as it is logged: what was wrong with an argument is said, the arguments are left out. Causes are held to the same. What was
 * thrown and is no error is logged as it is: a log line never throws, least of all where something is caught.
 */
export const errorLine = (error: unknown): unknown => {
  const line: Partial<SerializedError> | null | undefined = stdSerializers.err(error as Error);
  if (typeof line?.message !== 'string') return line;
  return { ...line, message: withoutArguments(line.message), stack: withoutArguments(String(line.stack)) };
};
