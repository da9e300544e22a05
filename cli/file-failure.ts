import { EXIT, Failure } from './failure.js';

/** What a system call on a file says, in words. What is not in here is no failure of a file: a broken connection has codes of its own. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'it is there already',
  ENOSPC: 'no space is left',
  EDQUOT: 'your quota is used up',
  EFBIG: 'it would be too large',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reports an error',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
  ENXIO: 'there is no such device',
  EBUSY: 'it is in use',
  ETXTBSY: 'it is in use',
};

const DOINGS = { read: 'read', write: 'written' } as const;

/** What goes wrong with one's own files is neither the network nor the server, and is said as such. Null for any other error. */
export const fileFailure = (error: unknown, path?: string, doing?: keyof typeof DOINGS): Failure | null => {
  const { code = '', path: named, syscall = '' } = Object(error) as NodeJS.ErrnoException;
  const words = WORDS[code];
  if (words === undefined) return null;
  const file = path ?? named ?? 'A file';
  if (doing === 'read' && code === 'ENOENT') return new Failure(EXIT.usage, `There is no file ${file}.`);
  const verb = doing ? DOINGS[doing] : syscall === 'read' || syscall === 'write' ? DOINGS[syscall] : 'opened';
  return new Failure(doing === 'read' ? EXIT.usage : EXIT.failed, `${file} can't be ${verb}: ${words} (${code}).`);
};
