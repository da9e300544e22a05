/** How long a gate waits for its person, ms. A deadline is data: it stands in the control row, timers only wake. */
export const GATE_WAIT_MS = 7 * 24 * 60 * 60 * 1000;

/** How long a challenge may be answered, ms. */
export const CHALLENGE_MS = 5 * 60 * 1000;

/** When the gate that comes next closes: after the usual wait, but never after the batch must have begun. */
export const gateDeadline = (now: Date, executeBy: Date | null): Date => {
  const usual = now.getTime() + GATE_WAIT_MS;
  return new Date(executeBy ? Math.min(usual, executeBy.getTime()) : usual);
};
