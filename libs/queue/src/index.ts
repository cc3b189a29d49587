export { OBJECT_DELETIONS, UPLOAD_EXPIRY } from './queue-names.js';
export { openQueues, type Queues } from './queues.js';
