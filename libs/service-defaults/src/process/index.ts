/** For processes without Nest or a database: their log, their metrics, their internal port. It loads pino, prom-client and zod. */
export { configField } from '../config/fields.js';
export { internalFields } from '../config/service-fields.js';
export { ListenError } from '../errors.js';
export { Metrics } from '../health/metrics.js';
export { Readiness } from '../health/readiness.js';
export { healthPages } from '../internal/health-pages.js';
export { InternalServer } from '../internal/internal-server.js';
export { listenOn } from '../lifecycle/listen-on.js';
export { jsonFault } from '../http/json-body.js';
export { createLogger } from '../logging/create-logger.js';
