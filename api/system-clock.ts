import type { Clock } from './deps.js';

export const systemClock: Clock = {
  now: () => performance.now(),
  alarm: (ms, ring) => {
    const timer = setTimeout(ring, ms);
    return () => clearTimeout(timer);
  },
};
