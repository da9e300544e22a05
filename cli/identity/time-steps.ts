/** The time step of RFC 6238 that authenticator apps use by default. */
export const STEP_SECONDS = 30;

/** A code that the server accepts only for this long may arrive too late. */
const MARGIN_SECONDS = 10;

export const currentStep = (): number => Math.floor(Date.now() / 1_000 / STEP_SECONDS);

/**
 * The oldest step whose code the server will still accept when the code arrives. The server accepts the step before the present
 * one too, because authenticators may run late; near the end of the present step that one is too old.
 */
export const earliestStep = (): number => Math.floor((Date.now() / 1_000 + MARGIN_SECONDS) / STEP_SECONDS) - 1;
