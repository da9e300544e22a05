// Preloaded into a child of a test, whose standard input is a pipe from it: the child ends when the test's process does, however that ended.
import { isMainThread } from 'node:worker_threads';

// A process preloads it into each of its threads too.
if (isMainThread)
  process.stdin
    .resume()
    .once('close', () => process.exit(1))
    .unref();
