import { accessFactsStore } from './access-facts.js';
import { accountStore } from './account-store.js';
import { blobIndex } from './blob-index.js';
import { manifestStore } from './manifest-store.js';
import { packageStore } from './package-store.js';
import { signingKeyStore } from './signing-keys.js';
import { tagStore } from './tag-store.js';
import { uploadSessions } from './upload-sessions.js';

export type { Contract, MethodContract } from './contract.js';

/** What metadata serves and the gateway asks for. `Garbage` is not among it: the worker has the database itself. */
export const METADATA_CONTRACTS = [
  blobIndex,
  uploadSessions,
  manifestStore,
  tagStore,
  packageStore,
  accessFactsStore,
  accountStore,
  signingKeyStore,
] as const;
