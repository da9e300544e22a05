// Calls of the API with the session cookie of this browser.

/** Beside the folder of this script, wherever a proxy puts it. */
const API = new URL('../v1/', import.meta.url);

/** A refusal: its `problem` (RFC 9457). */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer came. `mayBeDone`: what was asked for may have been done all the same. */
export class NoAnswer extends Error {
  constructor(message, { mayBeDone }) {
    super(message);
    this.mayBeDone = mayBeDone;
  }
}

/**
 * Asks a route and answers its resource, with the server's time of the answer in `askedAt`. `path` has no slash at its beginning. A POST
 * carries an Idempotency-Key. Throws Refused or NoAnswer.
 */
export const call = async (method, path, body) => {
  const without = (message) => new NoAnswer(message, { mayBeDone: method !== 'GET' });
  const response = await fetch(new URL(path, API), {
    method,
    headers: {
      accept: 'application/json',
      ...(method === 'POST' ? { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } : {}),
    },
    ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
  }).catch((error) => {
    throw without(error.message);
  });
  const resource = await response.json().catch(() => null);
  if (resource === null) throw without(`The server answered ${response.status} without a text.`);
  if (!response.ok) throw new Refused(resource);
  return { resource, askedAt: Date.parse(response.headers.get('date') ?? '') || Date.now() };
};

/** The session of this browser, or null when nobody is signed in. */
export const findSession = async () => {
  try {
    return (await call('GET', 'sessions/current')).resource;
  } catch (error) {
    if (error instanceof Refused && SIGNED_OUT.includes(error.problem.code)) return null;
    throw error;
  }
};
export const SIGNED_OUT = ['unauthenticated', 'session_expired'];
