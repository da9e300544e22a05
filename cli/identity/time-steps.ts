/** RFC 6238 with the step that authenticators take without being told. */
export const STEP_SECONDS = 30;

/** A code whose last valid step ends this soon might come too late. */
const LATE_SECONDS = 10;

export const currentStep = (): number => Math.floor(Date.now() / 1_000 / STEP_SECONDS);

/**
 * The oldest step whose code the server will still take when it gets there. Authenticators run late, so it takes the step before
 * the present one as well; towards the end of the present one that is too near.
 */
export const earliestStep = (): number => Math.floor((Date.now() / 1_000 + LATE_SECONDS) / STEP_SECONDS) - 1;
