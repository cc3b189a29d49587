/** Queues of the worker. A job is a nudge to look at the database: losing one, or running it twice, does no harm. */
export const OBJECT_DELETIONS = 'object-deletions';
export const UPLOAD_EXPIRY = 'upload-expiry';
