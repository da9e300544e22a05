import { writeFileSync } from 'node:fs';
import { PAGES } from './pages.js';

for (const [path, page] of Object.entries(PAGES)) writeFileSync(path, page());
