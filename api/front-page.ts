import express, { type Router } from 'express';
import { exchangeOf } from './exchange.js';
import { docsHeaders } from './middleware/security-headers.js';
import { methodNotAllowed } from './middleware/unmatched.js';

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
    <p>Did a link of a letter lead you here? Paste it into the command line, as the letter says. This page does not read it.</p>
    <ul>
      <li><a href="/passkeys">Your passkeys</a>, to sign in and to open gates with</li>
      <li><a href="/docs">The API, route by route</a> (<a href="/openapi.json">as an OpenAPI document</a>)</li>
      <li><a href="/docs/errors">Its error codes</a></li>
      <li><a href="/readyz">Whether it is ready</a></li>${webUiUrl ? `\n      <li><a href="${escaped(webUiUrl)}">The runs of the batches in the Temporal Web UI</a></li>` : ''}
    </ul>
  </body>
</html>
`;

/**
 * What is at `/`: a page for people who type the address into a browser, and for everybody else a few lines of JSON that lead on.
 */
export const frontPage = (webUiUrl: string | null): Router => {
  const page = pageOf(webUiUrl);
  const router = express.Router();
  router.get('/', (req, res) => {
    res.vary('Accept');
    exchangeOf(res).route = 'front_page';
    if (req.accepts(['json', 'html']) !== 'html') return void res.json({ name: 'Sluice', api: '/v1', docs: '/docs', health: '/healthz' });
    docsHeaders(req, res, () => res.type('html').send(page));
  });
  router.all('/', methodNotAllowed(['GET', 'HEAD']));
  return router;
};
