export { openQueues } from './open-queues.js';
export { OBJECT_DELETIONS, UPLOAD_EXPIRY } from './queue-names.js';
export type { Queues } from './queues.js';
