import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { sharedReading } from './shared-reading.js';

/** ms. Metrics read the database, so however many ask for them, they are computed once in this time. */
const FRESH_MS = 3_000;

/** Reads a metric when Prometheus scrapes it. A metric that can't be read is left out, never shown as 0. */
export interface Probe {
  name: string;
  help: string;
  labels?: readonly string[];
  read: () => Promise<readonly { labels?: Record<string, string>; value: number }[]>;
}

export interface Metrics {
  registry: Registry;
  /** Prometheus text of everything this process measures, at most 3 s old. */
  scrape(): Promise<{ contentType: string; text: string }>;
  /** One finished HTTP exchange. `route` is a route id of the contracts, never a path with ids in it. */
  observeHttp(exchange: { method: string; route: string; status: number; seconds: number }): void;
  /** Adds a gauge whose value is read at each scrape. */
  addProbe(probe: Probe): void;
  /** Adds a counter of this process, from 0 for each combination of the labels' values, and returns what counts one up. */
  addCounter<Label extends string>(counter: {
    name: string;
    help: string;
    labels: Readonly<Record<Label, readonly string[]>>;
  }): (of: Readonly<Record<Label, string>>) => void;
}

/** The metrics of one process, with Node's own (memory, event loop, handles). */
export const createMetrics = (process: string, onProbeError: (name: string, error: unknown) => void = () => {}): Metrics => {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  collectDefaultMetrics({ register: registry });
  const http = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'Time from the request line to the last byte of the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  return {
    registry,
    scrape: sharedReading(FRESH_MS, async () => ({ contentType: registry.contentType, text: await registry.metrics() })),
    observeHttp: ({ method, route, status, seconds }) => http.observe({ method, route, status: String(status) }, seconds),
    addCounter: ({ name, help, labels }) => {
      const counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] });
      for (const one of combinationsOf(labels)) counter.inc(one, 0);
      return (of) => counter.inc(of);
    },
    addProbe: (probe) => {
      const gauge: Gauge = new Gauge({
        name: probe.name,
        help: probe.help,
        labelNames: [...(probe.labels ?? [])],
        registers: [registry],
        async collect() {
          gauge.reset();
          if (!probe.labels) gauge.remove();
          try {
            for (const { labels, value } of await probe.read()) gauge.set(labels ?? {}, value);
          } catch (error) {
            onProbeError(probe.name, error);
          }
        },
      });
    },
  };
};

/** Each combination of one value for each label. */
const combinationsOf = (labels: Readonly<Record<string, readonly string[]>>): Record<string, string>[] =>
  Object.entries(labels).reduce<Record<string, string>[]>(
    (all, [label, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  );
