import { describe, expect, test } from '@jest/globals';
import { createLogger } from '../../telemetry/logger.js';
import { createMetrics } from '../../telemetry/metrics.js';
import { sharedReading } from '../../telemetry/shared-reading.js';
import { formatTraceparent, nextSpan, parseTraceparent, traceIdIn } from '../../telemetry/trace.js';

test('secrets are not written at any depth of what is logged by mistake [S3-23]', () => {
  const lines: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  const secret = { password: 'PW-4711', code: '998877', token: 'TOKEN-1', authorization: 'Bearer TOKEN-1', iban: 'DE89370400440532013000' };
  logger.info(secret);
  logger.info({ body: secret });
  logger.info({ request: { body: secret } });
  logger.info({ req: { headers: { authorization: 'Bearer TOKEN-1', cookie: 'TOKEN-1', 'x-api-key': 'TOKEN-1' } } });
  expect(lines).toHaveLength(4);
  for (const value of Object.values(secret)) expect(lines.join('')).not.toContain(value);
});

test('whatever was thrown can be logged', () => {
  const lines: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  for (const err of ['gone', 7, null, {}, { message: 'gone', stack: 7 }, Object.assign(new Error('gone'), { stack: undefined })])
    logger.error({ err }, 'failed');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(Array(6).fill('failed'));
});

test('traceparent is read as W3C Trace Context says, and a child keeps the trace', () => {
  const header = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const parent = parseTraceparent(header);
  expect(parent && formatTraceparent(parent)).toBe(header);
  const child = nextSpan(parent, 'req_00000000000000000000000000000001');
  expect([child.traceId, child.sampled, child.spanId === parent?.spanId]).toEqual([parent?.traceId, true, false]);
  const zeros = ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'];
  for (const invalid of [undefined, '', header.toUpperCase(), `ff${header.slice(2)}`, `${header}-more`, ...zeros])
    expect(parseTraceparent(invalid)).toBeNull();
});

test('one id leads from a request to its trace, in every process', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  expect(nextSpan(null, `req_${traceId}`).traceId).toBe(traceId);
  expect(traceIdIn(traceId)).toBe(traceId);
  for (const other of ['order-4711-retry', `req_${traceId}0`, `batch_${traceId}/3.1`, '']) expect(traceIdIn(other)).toBeNull();
  expect(nextSpan(null, 'order-4711-retry').traceId).toMatch(/^[0-9a-f]{32}$/);

  const lines: string[] = [];
  const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
  logger.info({ request_id: `req_${traceId}`, batch_id: 'b' }, 'an activity ran');
  logger.info({ request_id: 'order-4711-retry' }, 'an activity ran');
  logger.info({ request_id: `req_${traceId}`, trace_id: 'the one of the caller' }, 'a request');
  expect(lines.map((line) => JSON.parse(line).trace_id)).toEqual([traceId, undefined, 'the one of the caller']);
});

test('a figure that cannot be read is left out and never shown as 0', async () => {
  const problems: string[] = [];
  const metrics = createMetrics('test', (name) => void problems.push(name));
  metrics.addProbe({ name: 'read_total', help: 'h', read: async () => [{ value: 3 }] });
  metrics.addProbe({ name: 'broken_total', help: 'h', read: () => Promise.reject(new Error('down')) });
  const text = await metrics.registry.metrics();
  expect(text).toMatch(/^read_total\{process="test"\} 3$/m);
  expect(text).not.toMatch(/^broken_total/m);
  expect(problems).toEqual(['broken_total']);
});

test('however many scrape, the metrics are computed once', async () => {
  let reads = 0;
  const metrics = createMetrics('test');
  metrics.addProbe({ name: 'read_total', help: 'h', read: async () => [{ value: ++reads }] });
  const scrapes = await Promise.all(Array.from({ length: 64 }, () => metrics.scrape()));
  scrapes.push(await metrics.scrape());
  for (const { text } of scrapes) expect(text).toMatch(/^read_total\{process="test"\} 1$/m);
  expect(reads).toBe(1);
});

describe('a shared reading', () => {
  let time = 0;
  const readings: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const shared = () => {
    readings.length = 0;
    return sharedReading(
      3_000,
      () => new Promise<number>((resolve, reject) => void readings.push({ resolve, reject })),
      () => time,
    );
  };

  test('is given to all who ask while it is at work, however long it takes, and as long as it is fresh', async () => {
    const read = shared();
    const first = [read(), read()];
    time += 60_000;
    first.push(read());
    readings[0]?.resolve(1);
    expect(await Promise.all(first)).toEqual([1, 1, 1]);
    time += 2_999;
    expect(await read()).toBe(1);
    time += 1;
    const second = read();
    readings[1]?.resolve(2);
    expect(await second).toBe(2);
    expect(readings).toHaveLength(2);
  });

  test('that failed is told to those who waited for it, and not kept', async () => {
    const read = shared();
    const [one, two] = [read(), read()];
    readings[0]?.reject(new Error('down'));
    await expect(one).rejects.toThrow('down');
    await expect(two).rejects.toThrow('down');
    const again = read();
    readings[1]?.resolve(7);
    expect(await again).toBe(7);
  });
});
