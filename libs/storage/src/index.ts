export { openStorage, type Storage } from './open-storage.js';
export { SignedObjectStore } from './signed/signed-object-store.js';
