import { type Dictionary, type InnerList, type Item, parseDictionary, serializeDictionary } from 'structured-headers';

/**
 * A Dictionary of Structured Fields (RFC 9651) in its canonical form alone, as section 4.1 writes it; null for any other text. A parser
 * lets the last of two equal keys win and readers differ in what else they tolerate, so what is not canonical is not read at all.
 */
export const readDictionary = (text: string): Dictionary | null => {
  try {
    const dictionary = parseDictionary(text);
    return serializeDictionary(dictionary) === text ? dictionary : null;
  } catch {
    return null;
  }
};

export const isInnerList = (member: Item | InnerList): member is InnerList => Array.isArray(member[0]);

/** The bytes of an Item that is a Byte Sequence without parameters; null for anything else. */
export const bytesOf = (member: Item | InnerList): Uint8Array | null => {
  const [value, parameters] = member;
  return parameters.size === 0 && Object.prototype.toString.call(value) === '[object ArrayBuffer]' ? new Uint8Array(value as ArrayBuffer) : null;
};
