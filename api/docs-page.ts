import { fileURLToPath } from 'node:url';
import express, { type Router } from 'express';
import { PROBLEMS } from '../domain/problems.js';
import { exchangeOf } from './exchange.js';
import { docsHeaders } from './middleware/security-headers.js';
import { openApiDocument } from './openapi/document.js';

/** Every option that loads from or reports to another host is off. */
const OPTIONS = {
  url: '/openapi.json',
  telemetry: false,
  withDefaultFonts: false,
  showDeveloperTools: 'never',
  hideClientButton: true,
  agent: { disabled: true },
  mcp: { disabled: true },
  proxyUrl: '',
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <title>Sluice API</title>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
  </head>
  <body>
    <div id="app"></div>
    <script src="/docs/reference.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `Scalar.createApiReference('#app', ${JSON.stringify(OPTIONS)});\n`;

const ERRORS = `<!doctype html>
<html lang="en">
  <head>
    <title>Sluice error codes</title>
    <meta charset="utf-8" />
  </head>
  <body>
    <h1>Error codes</h1>
    <dl>
${Object.entries(PROBLEMS)
  .map(([code, { status, title }]) => `      <dt id="${code}"><code>${code}</code> (${status})</dt><dd>${title}</dd>`)
  .join('\n')}
    </dl>
  </body>
</html>
`;

/** `/openapi.json`, and a page at `/docs` that shows it with two scripts of this origin, none inline (ADR 0013). */
export const docsPage = (): Router => {
  const document = JSON.stringify(openApiDocument());
  const bundle = fileURLToPath(import.meta.resolve('@scalar/api-reference/browser/standalone.js'));
  const router = express.Router();
  router.use(['/docs', '/openapi.json'], docsHeaders, (_req, res, next) => {
    exchangeOf(res).route = 'docs';
    next();
  });
  router.get('/openapi.json', (_req, res) => {
    res.type('application/vnd.oai.openapi+json;version=3.1').send(document);
  });
  router.get('/docs', (_req, res) => {
    res.type('html').send(PAGE);
  });
  // Where the `type` of every problem points.
  router.get('/docs/errors', (_req, res) => {
    res.type('html').send(ERRORS);
  });
  router.get('/docs/start.js', (_req, res) => {
    res.type('text/javascript').send(START);
  });
  router.get('/docs/reference.js', (_req, res, next) => {
    res.sendFile(bundle, { maxAge: '1d' }, (error) => error && next(error));
  });
  return router;
};
