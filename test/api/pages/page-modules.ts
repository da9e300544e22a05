import { join } from 'node:path';

/** Scripts of the pages are plain JavaScript without types, and reach the tests under these. */
const load = async <Module>(file: string): Promise<Module> => (await import(join(process.cwd(), 'api/pages', file))) as Module;

type Money = (minor: number, currency: string) => string;
type Cell = string | number | null;

export const loadText = () =>
  load<{
    printableBy: (characters: { unfit: RegExp; fitting: RegExp }) => (text: string) => string;
    moneyBy: (digits: Readonly<Record<string, number>>) => Money;
    clockText: (ms: number) => string;
    timeText: (time: string | null) => string | null;
    nameChange: (change: { from: string; to: string }) => string;
  }>('text.js');

export const loadFacts = () =>
  load<{
    unusualOf: (summary: object, money: Money) => { first: string[]; tables: { title: string; columns: string[]; rows: Cell[][] }[] };
  }>('facts.js');

export interface Shown {
  id: string;
  batch_id: string;
  gate: string;
  content_version: number;
  digest: string;
  expires_at: string;
  passkey: { challenge: string };
}
export interface SignedIn {
  person: { id: string };
  workspace: { id: string };
}

export const loadBinding = () =>
  load<{
    boundBytes: (challenge: Shown, session: SignedIn) => Uint8Array;
    signsWhatIsShown: (challenge: Shown, session: SignedIn) => Promise<boolean>;
    toBase64Url: (bytes: ArrayBufferLike) => string;
  }>('binding.js');

export const loadCredentials = () =>
  load<{
    creationOptions: (options: object) => { challenge: Uint8Array; user: { id: Uint8Array }; excludeCredentials?: { id: Uint8Array }[] };
    requestOptions: (options: object) => { challenge: Uint8Array; allowCredentials?: { id: Uint8Array }[] };
    toJson: (credential: object) => object;
  }>('credentials.js');

export const loadProblem = () =>
  load<{ problemText: (error: unknown) => { title: string; detail: string; next: string; faults?: string[]; request?: string } }>('problem.js');

export const loadCall = () =>
  load<{ Refused: new (problem: object) => Error; NoAnswer: new (message: string, more: { mayBeDone: boolean }) => Error }>('call.js');
