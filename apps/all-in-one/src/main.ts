import 'reflect-metadata';
import { runService } from '#nest';
import { DataDirectoryError } from './data-directory.js';
import { startBerth } from './start-berth.js';

await runService('all-in-one', startBerth, [DataDirectoryError]);
