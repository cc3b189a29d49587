export { FilesystemObjectStore } from './filesystem/filesystem-object-store.js';
export { openS3Store, type S3Store } from './s3/open-s3-store.js';
export type { S3Settings } from './s3/s3-bucket.js';
