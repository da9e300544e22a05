import { type SerializedError, stdSerializers } from 'pino';

/** What Prisma prints of a call whose arguments it refuses, in every error format: the whole tree of them, up to an empty line. */
const ARGUMENTS = /(Invalid `[^`\n]*` invocation[^\n]*:\s*?\n\s*?\n)[\s\S]*?\n\s*\}[ \t]*\n\s*?\n/g;

const withoutArguments = (text: string): string => text.replace(ARGUMENTS, '$1');

/** An error as it is logged: what was wrong with an argument is said, the arguments are left out. Causes are held to the same. */
export const errorLine = (error: Error): SerializedError => {
  const line = stdSerializers.err(error);
  return { ...line, message: withoutArguments(line.message), stack: withoutArguments(line.stack) };
};
