import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pLimit from 'p-limit';
import type { RouteShape } from '../../contracts/route-shape.js';
import { BODY_PROBLEMS, COMMON_PROBLEMS, type RouteId } from '../../contracts/routes.js';
import { toWireId } from '../../domain/ids.js';
import { holdersOf, type Permission } from '../../domain/permissions.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';
import { type Principal, principalsOf } from './principals.js';
import { invitationBy, keysOf, pendingFactorOf, type Records, recordsIn, sessionOf, waitingIn } from './records.js';
import { absentRecord, GUARDED, namesOfRecords, sampleRequest } from './sample-requests.js';

/**
 * Every route that needs a credential × every kind of principal × a record of its own workspace, of another one, and one that is nowhere.
 * What is expected is read from the route table and from domain/permissions.ts, so a new route stands here by existing; a new kind of
 * principal is a line of test/api/principals.ts, and a new kind of record one of test/api/records.ts.
 */

let world: ApiWorld;
let principals: readonly Principal[];
let insider: { person: Person; token: string };
/** What is there in the home workspace, and in the other one. */
let here: Records;
let theirs: Records;
/** Requests at a time. */
const inParallel = pLimit(16);

beforeAll(async () => {
  world = await openApiWorld();
  const foreign = await world.workspace();
  insider = await world.member('owner');
  here = await recordsIn(world, world.home, insider, 'keeper');
  theirs = await recordsIn(world, foreign, await world.member('owner', foreign.tenantId), 'their-keeper');
  principals = await principalsOf(world, foreign);
}, 120_000);
afterAll(() => world?.close());

interface Seen {
  status: number;
  problem: { code?: ProblemCode; permission?: string; detail?: string };
  /** All of it but what always differs: the id of the request, the date, what is left of a limit, and the ids that were asked for. */
  shown: string;
}

const ask = async (headers: Record<string, string>, id: RouteId, shape: RouteShape, ids: Records): Promise<Seen> => {
  const { path, method = 'GET', body, headers: own } = sampleRequest(id, shape, ids);
  const leaving = new AbortController();
  const response = await fetch(`${world.url}${path}`, {
    method,
    headers: { ...own, ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    signal: leaving.signal,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const type = response.headers.get('content-type') ?? '';
  const isEndless = type.startsWith('text/event-stream');
  const text = isEndless ? '' : await response.text();
  if (isEndless) leaving.abort();
  const kept = [...response.headers].filter(([name]) => !['request-id', 'date', 'ratelimit'].includes(name));
  const asked = namesOfRecords(id, shape).map((name) => ids[name] ?? '');
  const shown = asked.reduce((left, one) => left.replaceAll(one, 'ASKED'), text.replaceAll(response.headers.get('request-id') ?? '', 'REQUEST'));
  return {
    status: response.status,
    problem: type.startsWith('application/problem+json') ? JSON.parse(text) : {},
    shown: JSON.stringify([response.status, kept, shown]),
  };
};

/** Ids that nothing has. */
const nowhere = (names: readonly string[]): Records => Object.fromEntries(names.map((name) => [name, absentRecord(name)]));

/** The problem that this principal gets whatever the record is; null when the route is open to it. */
const refusalOf = ({ may, beyond }: Principal, { permission }: RouteShape): ProblemCode | null =>
  typeof may === 'string' ? may : may.includes(permission as Permission) ? (beyond ?? null) : 'forbidden';

/** What is wrong with the answer to somebody who is refused. */
const wrongRefusal = (principal: Principal, shape: RouteShape, { status, problem }: Seen): string | null => {
  const code = refusalOf(principal, shape) as ProblemCode;
  if (status !== PROBLEMS[code].status || problem.code !== code) return `gets ${status} ${problem.code}, not ${code}`;
  if (code !== 'forbidden') return null;
  if (problem.permission !== shape.permission) return `is told of the permission ${problem.permission}`;
  return problem.detail?.includes(`${holdersOf(shape.permission as Permission)} may`) ? null : `is told ${problem.detail}`;
};

/** What is wrong with the answer to somebody whom the table lets in, about what is there for them. */
const wrongAnswer = (shape: RouteShape, { status, problem }: Seen): string | null => {
  const { code } = problem;
  if (code === 'unauthenticated' || code === 'session_expired' || (code === 'forbidden' && problem.permission === shape.permission))
    return `is refused with ${status} ${code}`;
  if (code === undefined) return status < 300 ? null : `gets ${status} without a problem`;
  const documented: readonly ProblemCode[] = [...shape.problems, ...COMMON_PROBLEMS, ...BODY_PROBLEMS];
  return code === 'internal' || !documented.includes(code) ? `gets ${status} ${code}` : null;
};

/** Records for this one request, where one that was used is there no more, or belongs to a person alone. */
const ownRecords = async ({ newSession, may, person }: Principal, id: RouteId, names: readonly string[], shared: Records): Promise<Records> => {
  const isForOneUse = names.includes('parked_evidence_id') || names.includes('delivery_id');
  const ofFactor = async (one: Person) => (id === 'confirm_factor' ? pendingFactorOf(world, one) : { factor_id: toWireId('factor', one.factorId) });
  const isOwnSession = names.includes('session_id') && newSession !== null && may.includes('sessions.own');
  return {
    ...shared,
    ...(names.includes('invitation_id') ? await invitationBy(world, insider.token) : {}),
    ...(isForOneUse ? await waitingIn(world, world.home) : {}),
    ...(person && names.includes('factor_id') ? await ofFactor(person) : {}),
    ...(isOwnSession ? { session_id: await sessionOf(world, await newSession()) } : {}),
  };
};

/** All that is wrong with a cell of the matrix. */
const findings = async (principal: Principal, id: RouteId, shape: RouteShape, shared: Records): Promise<string[]> => {
  const names = namesOfRecords(id, shape);
  const refused = refusalOf(principal, shape) !== null;
  const own = refused || principal.isStranger ? shared : await ownRecords(principal, id, names, shared);
  // This one ends its session, which other requests still need.
  const headers =
    !refused && id === 'end_session' && principal.newSession ? { authorization: `Bearer ${await principal.newSession()}` } : principal.headers;
  const said = (what: string | null): string[] => (what === null ? [] : [`${principal.name} ${what}`]);
  const about = (ids: Records) => ask(headers, id, shape, ids);

  const seen = await about(own);
  if (refused || principal.isStranger) {
    const wrong = refused ? wrongRefusal(principal, shape, seen) : wrongAnswer(shape, seen);
    if (names.length === 0) return said(wrong);
    const [foreign, absent] = [await about(theirs), await about(nowhere(names))];
    // Whose records the others are, only a stranger from there may learn.
    const same = seen.shown === absent.shown && (principal.isStranger || foreign.shown === absent.shown);
    return [...said(wrong), ...said(same ? null : `tells what is there from what is not: ${seen.shown} ${foreign.shown} ${absent.shown}`)];
  }
  const wrong = said(wrongAnswer(shape, seen));
  if (names.length === 0) return wrong;
  const absent = await about(nowhere(names));
  const others = [theirs, ...(names.length > 1 ? [{ ...own, [names.at(-1) as string]: theirs[names.at(-1) as string] as string }] : [])];
  const foreign = await Promise.all(others.map(about));
  return [
    ...wrong,
    ...said(absent.problem.code === 'not_found' ? null : `gets ${absent.status} ${absent.problem.code} for what is nowhere`),
    ...said(seen.shown === absent.shown ? `does not find its own: ${seen.shown}` : null),
    ...foreign.flatMap(({ shown }) => said(shown === absent.shown ? null : `tells a foreign record from none: ${shown} ${absent.shown}`)),
  ];
};

/** A stream that its reader has left may read for a moment more, so streams come last. */
const ROWS = [...GUARDED.filter(([, { format }]) => format !== 'events'), ...GUARDED.filter(([, { format }]) => format === 'events')];

/** What may be written down about a refusal. Nothing is read for one. */
const WRITTEN: readonly string[] = ['audit.append', 'apiKeys.noteUse', 'apiKeys.noteRefusal'];

test.each(ROWS)(
  '%s: each principal gets what the table says, and a foreign record is an absent one, byte for byte [S1-03] [S1-05] [S1-08] [S2-08] [S2-13] [S2-20] [S3-03] [S3-04] [S3-05] [S3-06]',
  async (id, shape) => {
    const shared = namesOfRecords(id, shape).includes('key_id') ? { ...here, ...(await keysOf(world, insider.person, world.home.tenantId)) } : here;
    const judged = (some: readonly Principal[]) => Promise.all(some.map((one) => inParallel(() => findings(one, id, shape, shared))));
    const isRefused = (one: Principal) => refusalOf(one, shape) !== null;
    world.calls.length = 0;
    const refused = await judged(principals.filter(isRefused));
    expect(refused.flat()).toEqual([]);
    expect(world.calls.filter((call) => !WRITTEN.includes(call))).toEqual([]);
    if (shape.method === 'GET') expect(world.calls.filter((call) => call === 'audit.append').length).toBeLessThanOrEqual(1);
    const letIn = await judged(principals.filter((one) => !isRefused(one)));
    // The keys of the other routes sign nothing.
    if (id === 'require_signing') await world.call('/v1/workspace/signing/allow-unsigned', { method: 'POST', token: insider.token });
    expect(letIn.flat()).toEqual([]);
  },
  120_000,
);

test('each permission that a route asks for is one that some principal has and another lacks', () => {
  const asked = [...new Set(GUARDED.map(([, { permission }]) => permission as Permission))];
  for (const permission of asked) {
    const may = principals.filter((one) => refusalOf(one, { permission } as RouteShape) === null);
    expect([permission, may.length > 0, may.length < principals.length]).toEqual([permission, true, true]);
  }
});

test('every name of a record in the table has one here and one there', () => {
  const names = [...new Set(GUARDED.flatMap(([id, shape]) => namesOfRecords(id, shape)))];
  for (const name of names) {
    expect([name, here[name], theirs[name]]).toEqual([name, expect.stringMatching(/./), expect.stringMatching(/./)]);
    expect(here[name]).not.toBe(theirs[name]);
  }
});
