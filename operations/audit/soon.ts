/** Of a refusal about a log that is behind: it says when to ask again, and is no sign of anything (docs/adr/0078). */
export const SOON = { retry_after_seconds: 1 } as const;
