import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sampleCsv } from './payouts.js';

/** `tsx dev/sample/main.ts` writes payouts.csv again; the content is always the same. */
writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'payouts.csv'), sampleCsv());
