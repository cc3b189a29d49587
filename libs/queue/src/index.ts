export { openPostgresQueues } from './postgres-queues.js';
export { OBJECT_DELETIONS, UPLOAD_EXPIRY } from './queue-names.js';
