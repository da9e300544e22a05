#!/usr/bin/env node
// Launches the command line from its sources, in this very process.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Sluice needs Node 20.19 or newer; this is ${process.versions.node}. Install Node 24 (https://nodejs.org) and run the same command again.`,
  );
  process.exit(1);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  const { register } = await import('tsx/esm/api');
  register();
} catch {
  console.error('The packages are not installed yet. Run `npm start` (or `npm ci`) once.');
  process.exit(1);
}
await import(pathToFileURL(join(root, 'cli', 'main.ts')).href);
