import { writeFileSync } from 'node:fs';
import { errorsPage } from './errors.js';
import { stateMachinesPage } from './state-machines.js';

writeFileSync('docs/state-machines.md', stateMachinesPage());
writeFileSync('docs/errors.md', errorsPage());
