export type { Closing } from './closing.js';
export { faultStatus } from './fault-status.js';
export { startOps } from './ops.js';
export { useCase } from './provide-use-cases.js';
export { runService, type ServiceContext } from './run-service.js';
export { serveRpc } from './serve-rpc.js';
export { LOG, SETTINGS } from './settings.js';
export { waitUntil } from './wait-until.js';
