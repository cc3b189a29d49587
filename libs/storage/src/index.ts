export { openStorage, type Storage, type StorageSettings } from './open-storage.js';
export { SignedObjectStore } from './signed/signed-object-store.js';
