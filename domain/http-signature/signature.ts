import { type BareItem, type InnerList, type Item, serializeDictionary, serializeInnerList } from 'structured-headers';
import { bytesOf, isInnerList, readDictionary } from './fields.js';
import { componentValue, type SignableRequest } from './request.js';

/** What a signature says of itself (RFC 9421, section 2.3). Absent members are null. */
export interface SignatureParameters {
  /** Unix time, s. */
  created: number | null;
  /** Unix time, s. */
  expires: number | null;
  nonce: string | null;
  alg: string | null;
  keyid: string | null;
  tag: string | null;
}

/** A signature as a request carries it. */
export interface RequestSignature {
  /** Names of the covered components, in their order. */
  components: readonly string[];
  parameters: SignatureParameters;
  /** Components and parameters as they stand in the signature base. */
  text: string;
  value: Uint8Array;
}

/** Enough for all that Sluice asks for and a few more. Each is looked up and hashed for whoever sends the request. */
export const COMPONENTS_MAX = 16;

const NUMBERS = ['created', 'expires'] as const;
const TEXTS = ['nonce', 'alg', 'keyid', 'tag'] as const;

/**
 * Reads the only signature of a request out of `Signature-Input` and `Signature`. Nothing is guessed: each field stands once, in canonical
 * form, and both have one member, with the same label. Answers what is wrong in a sentence for the log.
 */
export const readSignature = (request: Pick<SignableRequest, 'field'>): { signature: RequestSignature } | { problem: string } => {
  const [input, ...moreInputs] = request.field('signature-input');
  const [given, ...moreGiven] = request.field('signature');
  if (input === undefined || given === undefined) return { problem: 'Signature-Input and Signature belong together' };
  if (moreInputs.length + moreGiven.length > 0) return { problem: 'Signature-Input or Signature stands in several lines' };
  const [inputs, signatures] = [readDictionary(input), readDictionary(given)];
  if (!inputs || !signatures) return { problem: 'Signature-Input or Signature is no dictionary in canonical form' };
  const [listed] = [...inputs];
  const [made] = [...signatures];
  if (!listed || !made || inputs.size + signatures.size > 2 || listed[0] !== made[0]) return { problem: 'one signature is taken, under one label' };
  const list = listed[1];
  if (!isInnerList(list)) return { problem: 'Signature-Input lists no components' };
  const value = bytesOf(made[1]);
  if (!value) return { problem: 'Signature holds no byte sequence' };
  const components = componentsOf(list);
  if ('problem' in components) return components;
  const parameters = parametersOf(list[1]);
  if ('problem' in parameters) return parameters;
  return { signature: { components: components.names, parameters: parameters.parameters, text: serializeInnerList(list), value } };
};

const componentsOf = ([items]: InnerList): { names: string[] } | { problem: string } => {
  if (items.length > COMPONENTS_MAX) return { problem: `more than ${COMPONENTS_MAX} components` };
  const names: string[] = [];
  for (const [name, parameters] of items) {
    if (typeof name !== 'string' || parameters.size > 0) return { problem: 'a component is no text, or has parameters' };
    if (names.includes(name)) return { problem: 'a component is listed twice' };
    names.push(name);
  }
  return { names };
};

const parametersOf = (given: ReadonlyMap<string, BareItem>): { parameters: SignatureParameters } | { problem: string } => {
  const parameters: SignatureParameters = { created: null, expires: null, nonce: null, alg: null, keyid: null, tag: null };
  for (const [name, value] of given) {
    if (isOneOf(NUMBERS, name) && Number.isInteger(value)) parameters[name] = value as number;
    else if (isOneOf(TEXTS, name) && typeof value === 'string') parameters[name] = value;
    else return { problem: 'a parameter of the signature is unknown or of another type' };
  }
  return { parameters };
};

const isOneOf = <Name extends string>(names: readonly Name[], name: string): name is Name => (names as readonly string[]).includes(name);

/**
 * The signature base (RFC 9421, section 2.5): the text that is signed. `text` lists components and parameters, as `Signature-Input` does
 * behind its label. Answers what is wrong when a component has no value.
 */
export const signatureBase = (
  request: SignableRequest,
  { components, text }: Pick<RequestSignature, 'components' | 'text'>,
): { base: string } | { problem: string } => {
  const lines: string[] = [];
  for (const name of components) {
    const found = componentValue(request, name);
    if ('problem' in found) return found;
    lines.push(`"${name}": ${found.value}`);
  }
  return { base: [...lines, `"@signature-params": ${text}`].join('\n') };
};

/** The label under which Sluice's own client signs. */
const LABEL = 'sig1';

/** The list of components and parameters of a new signature, as it stands in its base and in `Signature-Input`. */
export const signatureText = (components: readonly string[], parameters: Readonly<Record<string, string | number>>): string =>
  serializeInnerList([components.map((name): Item => [name, new Map()]), new Map<string, BareItem>(Object.entries(parameters))]);

/** The two header fields of a new signature. */
export const signatureFields = (text: string, value: Uint8Array): { 'signature-input': string; signature: string } => ({
  'signature-input': `${LABEL}=${text}`,
  signature: serializeDictionary(new Map<string, Item>([[LABEL, [Uint8Array.from(value), new Map()]]])),
});
