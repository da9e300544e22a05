import express, { type Router } from 'express';
import { exchangeOf } from './exchange.js';
import { docsHeaders } from './middleware/security-headers.js';

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const pageOf = (webUiUrl: string | null): string => `<!doctype html>
<html lang="en">
  <head>
    <title>Sluice</title>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
  </head>
  <body>
    <h1>Sluice</h1>
    <p>This is the address of the API, which programs and the command line use.</p>
    <ul>
      <li><a href="/docs">The API, route by route</a> (<a href="/openapi.json">as an OpenAPI document</a>)</li>
      <li><a href="/docs/errors">Its error codes</a></li>
      <li><a href="/readyz">Whether it is ready</a></li>${webUiUrl ? `\n      <li><a href="${escaped(webUiUrl)}">The runs of the batches in the Temporal Web UI</a></li>` : ''}
    </ul>
  </body>
</html>
`;

/**
 * A page at `/` for people who type the address into a browser. Programs, also those that take any type, get the problem of
 * a path that is not there, so that a wrong base address is noticed.
 */
export const frontPage = (webUiUrl: string | null): Router => {
  const page = pageOf(webUiUrl);
  const router = express.Router();
  router.get('/', (req, res, next) => {
    res.vary('Accept');
    if (req.accepts(['json', 'html']) !== 'html') return next();
    exchangeOf(res).route = 'front_page';
    docsHeaders(req, res, () => res.type('html').send(page));
  });
  return router;
};
