/** What became of the signature of a machine's call. `unsigned`: there was none, and the workspace asks for none. */
export const SIGNATURE_RESULTS = ['verified', 'refused', 'unsigned'] as const;
export type SignatureResult = (typeof SIGNATURE_RESULTS)[number];
