#!/usr/bin/env node
// Launches the command line from its sources, in this same process.

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Sluice needs Node 20.19 or newer; this is ${process.versions.node}. Install Node 24 (https://nodejs.org) and run the same command again.`,
  );
  process.exit(1);
}
try {
  const { register } = await import('tsx/esm/api');
  register();
} catch {
  console.error('The packages are not installed yet. Run `npm start` (or `npm ci`) once.');
  process.exit(1);
}
// Beside a demo stack the command line has more commands and checks, which need more packages to load.
const { findLocalStack } = await import('../cli/identity/stack.ts');
const isBesideStack = () => {
  try {
    return findLocalStack(process.env, process.cwd()) !== null;
  } catch {
    // The command line says what is wrong with the file.
    return false;
  }
};
if (isBesideStack()) await import('../dev/cli/main.ts');
else await import('../cli/main.ts');
