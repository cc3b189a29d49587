import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeObjectStore } from '#testing';
import { FilesystemObjectStore } from './filesystem-object-store.js';

describeObjectStore(async () => FilesystemObjectStore.open(await mkdtemp(join(tmpdir(), 'berth-objects-'))));
