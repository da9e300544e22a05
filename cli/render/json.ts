import { printableJson } from '../../domain/text.js';

/** Data as JSON that is safe to print: a character that could deceive whoever reads it is written as its escape. */
export const json = (data: unknown, indent?: number): string => printableJson(JSON.stringify(data, null, indent));
