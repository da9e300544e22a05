import express, { type Express } from 'express';
import { bindRoutes } from './bind.js';
import type { ApiDeps } from './deps.js';
import { frontPage } from './front-page.js';
import type { Handlers } from './handlers.js';
import { health } from './health.js';
import { failures } from './middleware/failures.js';
import { httpsOnly } from './middleware/https-only.js';
import { logs } from './middleware/logs.js';
import { measure } from './middleware/measure.js';
import { requestId } from './middleware/request-id.js';
import { noStore, securityHeaders } from './middleware/security-headers.js';
import { singleHeaders } from './middleware/single-headers.js';
import { noSuchPath } from './middleware/unmatched.js';
import { securityContact } from './security-contact.js';

/** The whole API as an Express app. It opens no connection or file by itself: all it needs comes in `deps`. */
export const createApp = (deps: ApiDeps, handlers: Handlers): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  // Decides whether X-Forwarded-For and -Proto are believed, and so whose network counts and what came over TLS.
  app.set('trust proxy', [...deps.trustedProxies]);
  app.use(requestId(deps), logs(deps.logger), measure(deps.observeHttp), singleHeaders, httpsOnly(deps.publicUrl));
  app.use(deps.docs);
  app.use(securityHeaders, noStore);
  app.use(frontPage(deps.webUiUrl), health(deps), securityContact(deps.securityContact));
  app.use(bindRoutes(deps, handlers));
  app.use(noSuchPath);
  app.use(failures(deps.logger));
  return app;
};
