export { Batcher, MAX_KEYS } from './batcher.js';
