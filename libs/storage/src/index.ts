export { FilesystemObjectStore } from './filesystem/filesystem-object-store.js';
