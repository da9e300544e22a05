/** Names that this machine has for itself. */
const ITSELF: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Whether two texts are addresses of the same API, however they are spelled. */
export const isSameAddress = (one: string, other: string): boolean => {
  const [first, second] = [addressOf(one), addressOf(other)];
  return first === null || second === null ? one === other : first === second;
};

/** Its one spelling; null for what is no address. */
const addressOf = (text: string): string | null => {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, pathname } = new URL(text);
  return `${protocol}//${ITSELF.includes(hostname) ? 'localhost' : hostname}:${port}${pathname.replace(/\/+$/, '')}`;
};
