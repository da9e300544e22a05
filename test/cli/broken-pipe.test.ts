import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('a command whose reader closes the pipe ends without an error', () => {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', `( sleep 0.2; "${process.execPath}" bin/sluice.mjs --help ) | exec 0<&-; echo "\${PIPESTATUS[0]}"`],
    { encoding: 'utf8' },
  );
  expect({ status, stdout: stdout.trim(), stderr }).toEqual({ status: 0, stdout: '0', stderr: '' });
});
